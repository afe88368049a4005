#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <fstream>

#include "base/atomic_output.h"
#include "base/interrupt.h"
#include "base/line_reader.h"
#include "base/nearest.h"
#include "base/progress.h"
#include "base/threads.h"
#include "support/support.h"

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

namespace vlrm::testing {
namespace {

// What a process of this host writes `target` as.
std::string staging_name(const std::string& target, const std::string& process) {
  std::array<char, 256> host{};
  EXPECT_EQ(::gethostname(host.data(), host.size() - 1), 0);
  return "." + target + ".vlrm-" + host.data() + "-" + process + ".partial";
}

TEST(Printable, EscapesControlsAndBrokenUtf8AndCuts) {
  EXPECT_EQ(printable("a\nb\x1b[31m\xff é"), "a\\x0ab\\x1b[31m\\xff é");
  EXPECT_EQ(printable("\xc2\x9b"), "\\xc2\\x9b");
  EXPECT_EQ(printable("abcdef", 3), "abc…");
}

TEST(Suggestion, NamesTheNearestOrAll) {
  const std::string_view known[] = {"weight", "density", "normalize"};
  EXPECT_EQ(suggestion("wieght", known), "did you mean \"weight\"?");
  EXPECT_EQ(suggestion("densiti", known), "did you mean \"density\"?");
  EXPECT_EQ(suggestion("normal", known), "did you mean \"normalize\"?");
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

TEST(AtomicDirectoryTest, AppearsWholeOrNotAtAll) {
  const TemporaryDirectory dir;
  {
    AtomicDirectory output(dir / "out", false, "file");
    write_text(output.staging() / "file", "x");
    EXPECT_FALSE(fs::exists(dir / "out"));
  }
  EXPECT_TRUE(fs::is_empty(dir.path()));
  for (const char* text : {"first", "second"}) {
    AtomicDirectory output(dir / "out", std::string(text) == "second", "file");
    write_text(output.staging() / "file", text);
    output.commit();
    EXPECT_EQ(read_text_or_throw(dir / "out" / "file"), text);
  }
  EXPECT_THAT(error_of([&] { AtomicDirectory(dir / "out", false, "file"); }), HasSubstr("--force"));
  EXPECT_THAT(error_of([&] { AtomicDirectory(dir / "out" / "file" / "out", false, "file"); }),
              HasSubstr("out: cannot be made: Not a directory"));
  EXPECT_EQ(std::distance(fs::directory_iterator(dir.path()), fs::directory_iterator()), 1);
}

TEST(AtomicDirectoryTest, ForceReplacesNothingButOutputsOfOurs) {
  const TemporaryDirectory dir;
  write_text(dir / "precious" / "thesis.tex", "x");
  write_text(dir / "file", "x");
  fs::create_directory_symlink(dir / "precious", dir / "link");
  for (const char* target : {"precious", "file", "link"})
    EXPECT_THAT(error_of([&] { AtomicDirectory(dir / target, true, "manifest.json"); }),
                HasSubstr("is not an output of vlrm (it has no manifest.json)"));
  EXPECT_EQ(read_text_or_throw(dir / "precious" / "thesis.tex"), "x");
  fs::create_directory(dir / "empty");
  AtomicDirectory(dir / "empty", true, "manifest.json").commit();
}

TEST(AtomicDirectoryTest, RemovesWhatKilledProcessesLeft) {
  const TemporaryDirectory dir;
  // Of a process that is gone (its id is above all), of one that lives, of another host, and a stranger's.
  const std::string gone = staging_name("out", "2147483647"), living = staging_name("out", "1");
  const std::vector<std::string> strangers{".out.vlrm-elsewhere-2147483647.partial", "out.partial-2147483647",
                                           staging_name("out", "2147483647x"), gone + "-of-mine"};
  fs::create_directory(dir / gone);
  fs::create_directory(dir / living);
  for (const auto& name : strangers) fs::create_directory(dir / name);
  { const AtomicDirectory taken(dir / "out", false, "manifest.json"); }
  EXPECT_FALSE(fs::exists(dir / gone));
  EXPECT_TRUE(fs::exists(dir / living));
  for (const auto& name : strangers) EXPECT_TRUE(fs::exists(dir / name)) << name;
}

TEST(AtomicDirectoryTest, WhatIsKeptIsForAnyHost) {
  const TemporaryDirectory dir;
  {
    AtomicDirectory output(dir / "out", false, "file");
    write_text(output.staging() / "file", "half");
    output.keep_if_dropped();
  }
  EXPECT_TRUE(fs::exists(dir / ".out.vlrm-left.partial" / "file"));
  EXPECT_THAT(left_by_other_hosts(dir / "out"), IsEmpty());
  {
    AtomicDirectory output(dir / "out", false, "file", [](const fs::path& left) { return fs::exists(left / "file"); });
    EXPECT_TRUE(output.adopted());
    EXPECT_EQ(read_text_or_throw(output.staging() / "file"), "half");
    output.keep_if_dropped();
  }
  { const AtomicDirectory anew(dir / "out", false, "file"); }
  EXPECT_TRUE(fs::is_empty(dir.path()));
}

TEST(AtomicDirectoryTest, NamesWhatOtherHostsLeft) {
  const TemporaryDirectory dir;
  const std::string beside = staging_name("out", "7-12");  // of a host called as this one and "-7"
  for (const std::string& name :
       {staging_name("out", "2147483647"), beside, std::string(".out.vlrm-node-7-12.partial"),
        std::string(".out.vlrm-node7-x.partial"), std::string(".other.vlrm-node7-12.partial")})
    fs::create_directory(dir / name);
  EXPECT_THAT(left_by_other_hosts(dir / "out/"),
              UnorderedElementsAre(dir / ".out.vlrm-node-7-12.partial", dir / beside));
}

TEST(AtomicDirectoryTest, CountsTheBytesThatKilledProcessesHold) {
  const TemporaryDirectory dir;
  const std::string text(1 << 20, 'x');
  EXPECT_EQ(bytes_left_over(dir / "out"), 0);
  write_text(dir / staging_name("out", "2147483647") / "below" / "file", text);
  write_text(dir / staging_name("out", "1") / "file", text);  // of a process that lives
  EXPECT_GE(bytes_left_over(dir / "out/"), 1 << 20);
  EXPECT_LT(bytes_left_over(dir / "out"), 2 << 20);
}

TEST(ParentDirectoriesTest, StayWhereSomethingIsInThem) {
  const TemporaryDirectory dir;
  { const ParentDirectories parents(dir / "a" / "b" / "out"); }
  EXPECT_FALSE(fs::exists(dir / "a"));
  write_file_atomically(dir / "a" / "b" / "out", "x", false);
  { AtomicDirectory(dir / "a" / "c" / "out", false, "file"); }
  EXPECT_TRUE(fs::exists(dir / "a" / "b" / "out"));
  EXPECT_FALSE(fs::exists(dir / "a" / "c"));
}

// In a process of its own, since an interrupt is for good.
TEST(InterruptDeathTest, UnwindsAndRemovesWhatIsHalfWritten) {
  const TemporaryDirectory dir;
  const auto interrupted_work = [&] {
    try {
      AtomicDirectory output(dir / "out", false, "file");
      parallel_for(100, [](int64_t i) {
        if (i == 3) ::raise(SIGTERM);
      });
    } catch (const Interrupted&) {
      std::_Exit(fs::is_empty(dir.path()) ? 40 + interrupting_signal() : 1);
    }
    std::_Exit(2);
  };
  EXPECT_EXIT(interrupted_work(), ::testing::ExitedWithCode(40 + SIGTERM), "");
}

TEST(InterruptDeathTest, RaisesAgainWhatNobodyThrewFor) {
  const auto finished_work = [] {
    {
      const InterruptScope outer;
      { const InterruptScope inner; }
      ::raise(SIGINT);
    }
    std::_Exit(0);
  };
  EXPECT_EXIT(finished_work(), ::testing::KilledBySignal(SIGINT), "");
}

TEST(InterruptDeathTest, TheSecondSignalEndsTheProgram) {
  const auto impatience = [] {
    const InterruptScope scope;
    ::raise(SIGINT);
    ::raise(SIGINT);
    std::_Exit(0);
  };
  EXPECT_EXIT(impatience(), ::testing::KilledBySignal(SIGINT), "");
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

TEST(AtomicFileTest, RefusesToReplaceWithoutForce) {
  const TemporaryDirectory dir;
  write_file_atomically(dir / "f", "one", false);
  EXPECT_THAT(error_of([&] { write_file_atomically(dir / "f", "two", false); }), HasSubstr("exists already"));
  write_text(dir / staging_name("f", "2147483647"), "of a process that was killed");
  write_file_atomically(dir / "f", "two", true);
  EXPECT_FALSE(fs::exists(dir / staging_name("f", "2147483647")));
  EXPECT_EQ(read_text_or_throw(dir / "f"), "two");
  EXPECT_THAT(error_of([&] { write_file_atomically(dir / "f" / "g", "x", true); }), HasSubstr("g: cannot be written"));
  EXPECT_THAT(error_of([&] { write_file_atomically(dir / "f" / "g" / "h", "x", true); }),
              HasSubstr("h: its directory cannot be made: Not a directory"));
  fs::create_directory(dir / "folder");
  EXPECT_THAT(error_of([&] { write_file_atomically(dir / "folder", "x", true); }), HasSubstr("cannot be written"));
  EXPECT_EQ(std::distance(fs::directory_iterator(dir.path()), fs::directory_iterator()), 2);
}

TEST(HumanBytes, PicksTheUnit) {
  EXPECT_EQ(human_bytes(12), "12 B");
  EXPECT_EQ(human_bytes(1536), "1.5 KiB");
}

}  // namespace
}  // namespace vlrm::testing
