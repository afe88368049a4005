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

// How many times as long as others a build with sanitizers may take.
#if defined(__SANITIZE_ADDRESS__)
inline constexpr int kSlower = 20;
#else
inline constexpr int kSlower = 1;
#endif

// A set of reference outputs: $VLRM_GOLDENS, else tests/goldens, which tools/goldens makes.
std::filesystem::path goldens();

// The captions, responses and prompts that go with them: in the set, or beside it.
std::filesystem::path seed();

// What the reference's get_results.py prints of seed()/best_of_n/textvqa_val.jsonl: {"rows", "responses", "printed"}.
Json figures_of_published_responses();

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

// Fails, rather than skips, where the reference outputs are not at hand: a set is part of the repository.
#define VLRM_NEED_GOLDENS()                                        \
  ASSERT_TRUE(std::filesystem::exists(::vlrm::testing::goldens())) \
      << "no reference outputs at " << ::vlrm::testing::goldens()
