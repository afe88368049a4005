// libarrow's two kinds of failure as our one: Status and Result in return values, and exceptions of libparquet.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <filesystem>
#include <new>
#include <string>

#include "base/error.h"

namespace vlrm {

// Of a message that may go on for lines.
inline std::string first_line(const std::string& text) {
  return printable(text.substr(0, text.find('\n')), 300);
}

[[noreturn]] inline void fail_unreadable(const std::filesystem::path& file, const std::string& why) {
  fail("{}: cannot be read: {}", file.string(), first_line(why));
}

inline void check(const arrow::Status& status, const std::filesystem::path& file) {
  if (status.IsOutOfMemory()) fail_for_now("{}: memory is not enough to read it", file.string());
  if (!status.ok()) fail_unreadable(file, status.message());
}

template <class T>
T value_of(arrow::Result<T> result, const std::filesystem::path& file) {
  check(result.status(), file);
  return std::move(result).ValueUnsafe();
}

// Calls `action`; what it throws becomes an Error that names the file.
template <class Action>
auto translated(const std::filesystem::path& file, const Action& action) {
  try {
    return action();
  } catch (const Error&) {
    throw;
  } catch (const std::bad_alloc&) {
    fail_for_now("{}: memory is not enough to read it", file.string());
  } catch (const std::exception& error) {
    fail_unreadable(file, error.what());
  }
}

}  // namespace vlrm
