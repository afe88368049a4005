#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <fstream>

#include "base/atomic_output.h"
#include "base/line_reader.h"
#include "base/nearest.h"
#include "base/progress.h"
#include "base/threads.h"
#include "support/support.h"

using ::testing::HasSubstr;

namespace vlrm::testing {
namespace {

TEST(Printable, EscapesControlsAndBrokenUtf8AndCuts) {
  EXPECT_EQ(printable("a\nb\x1b[31m\xff é"), "a\\x0ab\\x1b[31m\\xff é");
  EXPECT_EQ(printable("\xc2\x9b"), "\\xc2\\x9b");
  EXPECT_EQ(printable("a\u202Eb\u2066\u2028"), "a\\xe2\\x80\\xaeb\\xe2\\x81\\xa6\\xe2\\x80\\xa8");
  EXPECT_EQ(printable("abcdef", 3), "abc…");
}

TEST(Suggestion, NamesTheNearestOrAll) {
  const std::string_view known[] = {"weight", "density", "normalize"};
  EXPECT_EQ(suggestion("wieght", known), "did you mean \"weight\"?");
  EXPECT_EQ(suggestion("densiti", known), "did you mean \"density\"?");
  EXPECT_EQ(suggestion("normal", known), "did you mean \"normalize\"?");
  const std::string_view options[] = {"--vlm", "--version"};
  EXPECT_EQ(suggestion("--vml", options), "did you mean \"--vlm\"?");  // two letters swapped
  EXPECT_EQ(near_name("--epsilon", options), std::nullopt);            // the dashes are no likeness
  EXPECT_EQ(suggestion("WEIGHT", known), "did you mean \"weight\"?");
  EXPECT_EQ(suggestion(std::string(100'000, 'x'), known), "known are: weight, density, normalize");
}

TEST(FileTest, ReadsAnyPartAndNamesThePathWhenItEnds) {
  const TemporaryDirectory dir;
  write_text(dir / "f", "0123456789");
  const File file = File::open_or_throw(dir / "f");
  std::string part(4, ' ');
  file.read_or_throw(3, std::as_writable_bytes(std::span(part)));
  EXPECT_EQ(part, "3456");
  EXPECT_THAT(error_of([&] { file.read_or_throw(8, std::as_writable_bytes(std::span(part))); }),
              HasSubstr("ends at byte 10, 2 bytes too early"));
  EXPECT_THAT(error_of([&] { File::open_or_throw(dir / "none"); }), HasSubstr("cannot open"));
  EXPECT_THAT(error_of([&] { File::open_or_throw(dir.path()); }), HasSubstr("not a regular file"));
  EXPECT_THAT(error_of([&] { read_text_or_throw(dir / "f", 5); }), HasSubstr("more than the 5 allowed"));
}

TEST(Threads, EachIndexOnceAndTheFirstErrorComesOut) {
  std::vector<std::atomic<int>> seen(1000);
  parallel_for(1000, [&](int64_t i) { ++seen[static_cast<size_t>(i)]; });
  parallel_for(
      1000, [&](int64_t i) { ++seen[static_cast<size_t>(i)]; }, thread_count() + 3);
  for (const auto& count : seen) EXPECT_EQ(count, 2);
  EXPECT_EQ(error_of([] {
              parallel_for(100, [](int64_t i) {
                if (i == 7) fail("at {}", i);
              });
            }),
            "at 7");
  EXPECT_THAT(error_of([] { set_thread_count(-1); }), HasSubstr("-1"));
}

TEST(JsonTest, ErrorsNameSourceFieldAndPlace) {
  EXPECT_THAT(error_of([] { parse_json_or_throw("{\"a\": }", "samples.jsonl, line 7"); }),
              HasSubstr("samples.jsonl, line 7: not valid JSON at byte 7"));
  EXPECT_THAT(error_of([] { parse_json_or_throw(std::string(100000, '['), "x"); }), HasSubstr("nested deeper"));
  EXPECT_THAT(error_of([] { parse_json_or_throw("1e999", "x"); }), HasSubstr("not valid JSON"));
  const Json config =
      parse_json_or_throw(R"({"n": 1.5, "list": [1, "two"], "null": null, "big": 3000000000})", "c.json");
  EXPECT_THAT(error_of([&] { required_field<int64_t>(config, "m", "c.json"); }), HasSubstr("\"m\" is missing"));
  EXPECT_THAT(error_of([&] { required_field<int64_t>(config, "n", "c.json"); }), HasSubstr("does not fit: 1.5"));
  EXPECT_THAT(error_of([&] { required_field<std::vector<int64_t>>(config, "list", "c"); }), HasSubstr("does not fit"));
  EXPECT_THAT(error_of([&] { required_field<int32_t>(config, "big", "c"); }), HasSubstr("does not fit"));
  EXPECT_EQ(optional_field<int64_t>(config, "null", 4, "c"), 4);
}

TEST(WriteAll, NamesWhatCannotBeWritten) {
  const int full = ::open("/dev/full", O_WRONLY);
  EXPECT_THAT(error_of([&] { write_all_or_throw(full, "x", "the scores"); }),
              HasSubstr("the scores: cannot be written: No space left"));
  ::close(full);
}

TEST(LineReaderTest, KnowsWhereItIs) {
  const TemporaryDirectory dir;
  write_text(dir / "f", "one\r\n\n  \ntwo");
  LineReader lines((dir / "f").string());
  std::string line;
  ASSERT_TRUE(lines.next(line));
  EXPECT_EQ(line, "one");
  ASSERT_TRUE(lines.next(line));
  EXPECT_EQ(line, "");
  ASSERT_TRUE(lines.next_not_blank(line));
  EXPECT_EQ(line, "two");
  EXPECT_THAT(lines.source(), HasSubstr("f, line 4"));
  EXPECT_FALSE(lines.next(line));
  EXPECT_THAT(error_of([&] { LineReader((dir / "none").string()); }), HasSubstr("cannot be read"));
  EXPECT_THAT(error_of([&] { LineReader(dir.path().string()); }), HasSubstr("cannot be read"));
}

TEST(Errors, WhatAnotherTryMayNotMeet) {
  for (const int error : {ENOSPC, EDQUOT, EIO, ENOMEM, EFBIG}) {
    try {
      fail_with_errno(error, "{}: cannot be written", "out");
    } catch (const TemporaryError& temporary) {
      EXPECT_EQ(temporary.exit_code(), kExitTemporary);
      EXPECT_THAT(temporary.what(), ::testing::StartsWith("out: cannot be written: "));
    }
  }
  try {
    fail_with_errno(EACCES, "out: cannot be written");
  } catch (const Error& error) {
    EXPECT_EQ(error.exit_code(), kExitBadInput);
  }
  try {
    rethrow_at("row 1", TemporaryError("memory"));
  } catch (const Error& error) {
    EXPECT_EQ(error.exit_code(), kExitTemporary);
    EXPECT_STREQ(error.what(), "row 1: memory");
  }
}

TEST(Assertion, ThrowsABugThatSaysWhere) {
  try {
    VLRM_ASSERT(1 + 1 == 3);
    FAIL() << "threw nothing";
  } catch (const BugError& bug) {
    EXPECT_THAT(bug.what(),
                ::testing::MatchesRegex("internal error at .*base_test.cpp:[0-9]+: 1 \\+ 1 == 3 does not hold.*"));
  }
}

TEST(HumanBytes, PicksTheUnit) {
  EXPECT_EQ(human_bytes(12), "12 B");
  EXPECT_EQ(human_bytes(1536), "1.5 KiB");
}

}  // namespace
}  // namespace vlrm::testing
