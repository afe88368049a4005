#include "base/resumable_lines.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "support/support.h"

namespace fs = std::filesystem;
using ::testing::HasSubstr;

namespace vlrm::testing {
namespace {

ResumableLines::Options options(const TemporaryDirectory& dir, OrderedJson settings = {{"mode", "image"}}) {
  return {.output = dir / "out", .settings_file = dir / "out.run.json", .settings = std::move(settings), .total = 3};
}

void write_lines(const TemporaryDirectory& dir, const OrderedJson& settings, std::string_view lines) {
  ResumableLines output(options(dir, settings));
  output.begin();
  output.append(lines);
}

TEST(ResumableLinesTest, OneRunAtATime) {
  const TemporaryDirectory dir;
  {
    ResumableLines output(options(dir));
    EXPECT_THAT(error_of([&] { ResumableLines(options(dir)); }), HasSubstr("out: another run is writing it"));
    output.begin();
    output.append("one\n");
    for (const bool force : {false, true}) {
      auto second = options(dir);
      second.force = force;
      EXPECT_THAT(error_of([&] { ResumableLines{second}; }), HasSubstr("another run is writing it"));
    }
  }
  EXPECT_EQ(read_text_or_throw(dir / "out"), "one\n");
  EXPECT_EQ(ResumableLines(options(dir)).done(), 1);
}

TEST(ResumableLinesTest, LeavesNothingBeforeTheFirstLine) {
  const TemporaryDirectory dir;
  { ResumableLines planned(options(dir)); }
  EXPECT_TRUE(fs::is_empty(dir.path()));
  { ResumableLines(options(dir)).begin(); }
  EXPECT_TRUE(fs::is_empty(dir.path()));
}

TEST(ResumableLinesTest, WithoutAWholeLineThereIsNothingToGoOnWith) {
  const TemporaryDirectory dir;
  for (const char* kept : {"", "half of a li"}) {
    write_text(dir / "out", kept);
    write_text(dir / "out.run.json", R"({"mode": "another"})");
    ResumableLines output(options(dir));
    EXPECT_EQ(output.done(), 0);
  }
  write_text(dir / "out", "a line\n");
  EXPECT_THAT(error_of([&] { ResumableLines(options(dir)); }), HasSubstr(R"(mode was "another", now "image")"));
  fs::remove(dir / "out.run.json");
  write_text(dir / "out", "of somebody");
  EXPECT_THAT(error_of([&] { ResumableLines(options(dir)); }), HasSubstr("without the out.run.json"));
  EXPECT_EQ(read_text_or_throw(dir / "out"), "of somebody");
}

TEST(ResumableLinesTest, WhatHasAStampIsNotComparedByItsName) {
  const TemporaryDirectory dir;
  write_lines(dir,
              {{"model", {{"name", "a"}, {"stamp", "1"}}}, {"recipe", {{"file", "b"}, {"digest", "2"}, {"seed", 0}}}},
              "one\n");
  const auto with = [&](const char* stamp, const char* digest, int seed) {
    return options(dir, {{"model", {{"name", "./a"}, {"stamp", stamp}}},
                         {"recipe", {{"file", "c"}, {"digest", digest}, {"seed", seed}}}});
  };
  EXPECT_EQ(ResumableLines(with("1", "2", 0)).done(), 1);
  EXPECT_THAT(error_of([&] { ResumableLines(with("9", "2", 0)); }), HasSubstr("made with other settings (model was"));
  EXPECT_THAT(error_of([&] { ResumableLines(with("1", "9", 0)); }), HasSubstr("made with other settings (recipe was"));
  EXPECT_THAT(error_of([&] { ResumableLines(with("1", "2", 9)); }), HasSubstr("made with other settings (recipe was"));
  EXPECT_THAT(error_of([&] {
                ResumableLines(options(dir, {{"model", {{"name", "a"}, {"stamp", "1"}}}}));
              }),
              HasSubstr("recipe was"));
}

TEST(ResumableLinesTest, OtherDigitsGoOnOnlyIfAsked) {
  const TemporaryDirectory dir;
  write_lines(dir, {{"threads", 1}}, "one\n");
  EXPECT_THAT(error_of([&] {
                ResumableLines(options(dir, {{"threads", 2}}));
              }),
              HasSubstr("threads was 1, now 2); `resume_mixed` resumes anyway"));
  {
    auto mixed = options(dir, {{"threads", 2}});
    mixed.mixed = true;
    ResumableLines output(mixed);
    EXPECT_EQ(output.done(), 1);
    output.begin();
    output.append("two\n");
  }
  const OrderedJson settings = read_ordered_json_or_throw(dir / "out.run.json");
  EXPECT_EQ(settings.at("threads"), 2);
  EXPECT_EQ(settings.at("mixed"), OrderedJson::array({{{"rows", {{0, 0}}}, {"threads", 1}}}));
  EXPECT_EQ(ResumableLines(options(dir, {{"threads", 2}})).done(), 2);
  EXPECT_EQ(read_text_or_throw(dir / "out"), "one\ntwo\n");
}

TEST(ResumableLinesTest, WhoIsTakenForDeadWritesNoMore) {
  const TemporaryDirectory dir;
  ResumableLines output(options(dir));
  output.begin();
  output.append("one\n");
  fs::remove(dir / ".vlrm-claim.out");
  ResumableLines second(options(dir));
  second.begin();
  EXPECT_THAT(error_of([&] { output.append("late\n"); }), HasSubstr("another run took this one for dead"));
  EXPECT_THAT(error_of([&] { output.finish(); }), HasSubstr("another run took this one for dead"));
  second.append("two\n");
  EXPECT_EQ(read_text_or_throw(dir / "out"), "one\ntwo\n");
}

TEST(ResumableLinesTest, FinishedWorkIsLeftAloneButForADeadClaim) {
  const TemporaryDirectory dir;
  write_lines(dir, {{"mode", "image"}}, "one\ntwo\nthree\n");
  const auto before = fs::last_write_time(dir.path());
  EXPECT_TRUE(ResumableLines(options(dir)).finished());
  EXPECT_EQ(fs::last_write_time(dir.path()), before);
  write_text(dir / ".vlrm-claim.out", "of a killed run");
  EXPECT_TRUE(ResumableLines(options(dir)).finished());
  EXPECT_TRUE(fs::exists(dir / ".vlrm-claim.out"));  // it may live
  fs::last_write_time(dir / ".vlrm-claim.out", fs::file_time_type::clock::now() - std::chrono::minutes(6));
  EXPECT_TRUE(ResumableLines(options(dir)).finished());
  EXPECT_FALSE(fs::exists(dir / ".vlrm-claim.out"));
}

TEST(ResumableLinesTest, ALinkIsWrittenThrough) {
  const TemporaryDirectory dir;
  fs::create_directory(dir / "far");
  fs::create_symlink(dir / "far" / "file", dir / "out");
  write_lines(dir, {{"mode", "image"}}, "one\n");
  EXPECT_EQ(read_text_or_throw(dir / "far" / "file"), "one\n");
  const ResumableLines output(options(dir));
  auto other = options(dir);
  other.output = dir / "far" / "file";
  EXPECT_THAT(error_of([&] { ResumableLines{other}; }), HasSubstr("another run is writing it"));
}

TEST(ResumableLinesTest, LinksToAFileThatIsNotThereYetAreClaimedAsThatFile) {
  const TemporaryDirectory dir;
  fs::create_directory(dir / "far");
  fs::create_symlink("second", dir / "out");  // a link to a link, both relative
  fs::create_symlink("far/file", dir / "second");
  const ResumableLines output(options(dir));
  for (const fs::path& name : {dir / "second", dir / "far" / "file", dir / "far" / ".." / "far" / "file"}) {
    auto other = options(dir);
    other.output = name;
    EXPECT_THAT(error_of([&] { ResumableLines{other}; }), HasSubstr("another run is writing it")) << name;
  }
}

TEST(ResumableLinesTest, TheOutputIsARegularFile) {
  const TemporaryDirectory dir;
  ASSERT_EQ(::mkfifo((dir / "fifo").c_str(), 0600), 0);
  for (const fs::path& output : {dir / "fifo", dir.path(), fs::path("/dev/null")}) {
    auto other = options(dir);
    other.output = output;
    EXPECT_EQ(error_of([&] { ResumableLines{other}; }), output.string() + ": not a regular file");
  }
}

TEST(ResumableLinesTest, AnInterruptBeforeTheFirstLineLeavesNothing) {
  struct Impatient : Listener {
    bool interrupted() override { return stop; }
    bool stop = false;
  } listener;
  const ListenerScope listening(&listener);
  const TemporaryDirectory dir;
  const auto interrupted_run = [&] {
    ResumableLines first(options(dir)), second([&] {
      auto other = options(dir);
      other.output = dir / "other";
      other.settings_file = dir / "other.run.json";
      return other;
    }());
    first.begin();
    second.begin();
    first.append("one\n");
    listener.stop = true;
    second.append("one\n");
  };
  EXPECT_THROW(interrupted_run(), Interrupted);
  EXPECT_TRUE(fs::exists(dir / "out") && fs::exists(dir / "out.run.json"));
  EXPECT_FALSE(fs::exists(dir / "other") || fs::exists(dir / "other.run.json"));
}

TEST(ResumableLinesTest, LinesWithoutAnOutputGoToTheCaller) {
  std::string written;
  ResumableLines lines({.write = [&](std::string_view more) { written += more; }, .total = 2});
  lines.begin();
  lines.append("one\n");
  lines.append("two\n");
  lines.finish();
  EXPECT_EQ(written, "one\ntwo\n");
  EXPECT_TRUE(lines.finished());
}

}  // namespace
}  // namespace vlrm::testing
