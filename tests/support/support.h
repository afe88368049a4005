// What tests of several rooms need.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"

namespace vlrm::testing {

// The reference outputs: $VLRM_GOLDENS, else ../shared/goldens beside the repository. Empty where there are none.
std::filesystem::path goldens();

// A directory of its own for a test, removed with it.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

void write_text(const std::filesystem::path& path, std::string_view text);

// The line of the Error that `action` throws, or "" with a test failure where it throws none or something else.
template <class Action>
std::string error_of(Action&& action) {
  try {
    action();
  } catch (const Error& error) {
    const std::string line = error.what();
    EXPECT_EQ(line.find('\n'), std::string::npos) << "an error is one line: " << line;
    return line;
  } catch (const std::exception& error) {
    ADD_FAILURE() << "threw another exception: " << error.what();
    return "";
  }
  ADD_FAILURE() << "threw nothing";
  return "";
}

}  // namespace vlrm::testing

// Skips, visibly, where the reference outputs are not at hand.
#define VLRM_NEED_GOLDENS() \
  if (::vlrm::testing::goldens().empty()) GTEST_SKIP() << "no reference outputs: set VLRM_GOLDENS"
