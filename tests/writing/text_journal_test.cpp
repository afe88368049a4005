#include "writing/text_journal.h"

#include "support/support.h"

using ::testing::EndsWith;
using ::testing::HasSubstr;

namespace fs = std::filesystem;

namespace vlrm::testing {
namespace {

TextJournal open(const TemporaryDirectory& dir, const OrderedJson& settings = {{"model", "m"}}, bool force = false) {
  return TextJournal({.output = dir / "out.json",
                      .settings_file = dir / "out.json.run.json",
                      .settings = settings,
                      .requests = 3,
                      .force = force});
}

std::string joined(const TextJournal::Written& written) {
  std::string text;
  for (int64_t i = 0; i < 3; ++i) text += written(i).get<std::string>() + ";";
  return text;
}

void write_all(TextJournal&& journal) {
  journal.begin();
  for (const int64_t request : {2, 0, 1})
    if (!journal.has(request)) journal.add(request, "text " + std::to_string(request));
  journal.finish(joined);
}

TEST(TextJournal, PutsTheOutputTogetherInOrder) {
  const TemporaryDirectory dir;
  write_all(open(dir));
  EXPECT_EQ(read_text_or_throw(dir / "out.json", 100), "text 0;text 1;text 2;");
  EXPECT_FALSE(fs::exists(dir / "out.json.partial"));
  EXPECT_TRUE(open(dir).finished());
}

TEST(TextJournal, GoesOnWithWhatIsThere) {
  const TemporaryDirectory dir;
  {
    TextJournal journal = open(dir);
    journal.begin();
    journal.add(2, "line\nbreak");
  }
  EXPECT_FALSE(fs::exists(dir / "out.json"));
  write_text(dir / "out.json.partial", read_text_or_throw(dir / "out.json.partial", 1000) + "{\"request\": 0, \"wri");
  TextJournal journal = open(dir);
  EXPECT_EQ(journal.done(), 1);
  EXPECT_TRUE(journal.has(2));
  EXPECT_FALSE(journal.has(0));
  write_all(std::move(journal));
  EXPECT_EQ(read_text_or_throw(dir / "out.json", 100), "text 0;text 1;line\nbreak;");
}

TEST(TextJournal, LeavesNothingWhereNothingWasWritten) {
  const TemporaryDirectory dir;
  open(dir).begin();
  EXPECT_TRUE(fs::is_empty(dir.path()));
}

TEST(TextJournal, DoesNotMixSettings) {
  const TemporaryDirectory dir;
  {
    TextJournal journal = open(dir);
    journal.begin();
    journal.add(0, "a");
  }
  const OrderedJson other = {{"model", "n"}};
  constexpr const char* kDiffer = "made with other settings (model was \"m\", now \"n\"); `force` starts again";
  EXPECT_THAT(error_of([&] { open(dir, other); }), EndsWith(kDiffer));
  write_all(open(dir));
  EXPECT_THAT(error_of([&] { open(dir, other); }), EndsWith(std::string("out.json: ") + kDiffer));
  write_all(open(dir, other, true));
  EXPECT_TRUE(open(dir, other).finished());
  fs::remove(dir / "out.json.run.json");
  EXPECT_THAT(error_of([&] { open(dir); }), HasSubstr("out.json: exists already, without the out.json.run.json"));
}

TEST(TextJournal, IsClaimedEvenWhereEveryRequestIsAnswered) {
  const TemporaryDirectory dir;
  {
    TextJournal journal = open(dir);
    journal.begin();
    for (const int64_t request : {0, 1, 2}) journal.add(request, "text");
  }
  TextJournal journal = open(dir);
  EXPECT_FALSE(journal.finished());
  EXPECT_THAT(error_of([&] { open(dir); }), HasSubstr("out.json: another run is writing it"));
  journal.finish(joined);
  EXPECT_EQ(read_text_or_throw(dir / "out.json", 100), "text;text;text;");
}

TEST(TextJournal, OtherDigitsAreMixedOnlyIfAsked) {
  const TemporaryDirectory dir;
  const auto with = [&](int threads, bool mixed) {
    return TextJournal({.output = dir / "out.json",
                        .settings_file = dir / "out.json.run.json",
                        .settings = {{"threads", threads}},
                        .requests = 3,
                        .mixed = mixed});
  };
  {
    TextJournal journal = with(1, false);
    journal.begin();
    journal.add(2, "a");
    EXPECT_THAT(error_of([&] { with(1, false); }), HasSubstr("out.json: another run is writing it"));
  }
  EXPECT_THAT(error_of([&] { with(2, false); }), HasSubstr("`resume_mixed` resumes anyway"));
  write_all(with(2, true));
  const OrderedJson settings = read_ordered_json_or_throw(dir / "out.json.run.json");
  EXPECT_EQ(settings.at("mixed"), OrderedJson::array({{{"rows", {{2, 2}}}, {"threads", 1}}}));  // of requests
  EXPECT_TRUE(with(2, false).finished());
  EXPECT_TRUE(with(1, true).finished());
  EXPECT_THAT(error_of([&] { with(1, false); }), HasSubstr("`resume_mixed`"));
}

TEST(TextJournal, RefusesLinesThatAreNotItsOwn) {
  for (const char* line :
       {"{}", "no", R"({"request": 3, "written": 1})", R"({"request": "0", "written": 1})", R"({"request": 0})"}) {
    const TemporaryDirectory dir;
    write_text(dir / "out.json.partial", std::string(line) + "\n");
    write_text(dir / "out.json.run.json", R"({"model": "m"})");
    EXPECT_THAT(error_of([&] { open(dir); }), HasSubstr("out.json.partial, line 1: is no answer to a request"));
  }
  const TemporaryDirectory dir;
  write_text(dir / "out.json.run.json", R"({"model": "m"})");
  write_text(dir / "out.json.partial", "{\"request\": 0, \"written\": 1}\n{\"request\": 0, \"written\": 2}\n");
  EXPECT_THAT(error_of([&] { open(dir); }), HasSubstr("line 2: is no answer"));
}

TEST(TextJournal, RefusesLinesThatHoldNothingThatWasWritten) {
  const TemporaryDirectory dir;
  write_text(dir / "out.json.run.json", R"({"model": "m"})");
  write_text(dir / "out.json.partial", "{\"request\": 0, \"written\": \"a\"}\n{\"request\": 1, \"written\": 2}\n");
  const auto open_texts = [&] {
    TextJournal({.output = dir / "out.json",
                 .settings_file = dir / "out.json.run.json",
                 .settings = {{"model", "m"}},
                 .requests = 3,
                 .could_be_written = [](const OrderedJson& written) { return written.is_string(); }});
  };
  EXPECT_THAT(error_of(open_texts), HasSubstr("out.json.partial, line 2: is no answer to a request"));
}

TEST(TextJournal, ReadsLinesThatAnEditorEndedInItsOwnWay) {
  const TemporaryDirectory dir;
  write_text(dir / "out.json.run.json", R"({"model": "m"})");
  write_text(dir / "out.json.partial",
             "{\"request\": 0, \"written\": \"a\"}\r\n{\"request\": 1, \"written\": \"b\"}\r\n");
  write_all(open(dir));
  EXPECT_EQ(read_text_or_throw(dir / "out.json", 100), "a;b;text 2;");
}

// Of a result folder both would be taken for one run.
TEST(TextJournal, StartsAnewWithoutTheOldOutputBesideTheNewSettings) {
  const TemporaryDirectory dir;
  write_all(open(dir));
  TextJournal journal = open(dir, {{"model", "n"}}, true);
  EXPECT_TRUE(fs::exists(dir / "out.json"));
  journal.begin();
  EXPECT_FALSE(fs::exists(dir / "out.json"));
}

TEST(TextJournal, KeepsAFinishedOutputWhereARunWasKilledBeforeItBegan) {
  const TemporaryDirectory dir;
  write_all(open(dir));
  write_text(dir / "out.json.partial", "");
  EXPECT_THAT(error_of([&] { open(dir, {{"model", "n"}}); }), HasSubstr("made with other settings"));
  EXPECT_TRUE(open(dir).finished());
  EXPECT_FALSE(fs::exists(dir / "out.json.partial"));
}

TEST(TextJournal, RefusesAnOutputThatIsNoFile) {
  const TemporaryDirectory dir;
  EXPECT_THAT(error_of([&] {
                TextJournal({.output = dir / "sub/", .settings_file = dir / "s", .settings = {}, .requests = 1});
              }),
              EndsWith("sub/: is no name of a file"));
  EXPECT_TRUE(fs::is_empty(dir.path()));
  fs::create_directory(dir / "out.json");
  EXPECT_THAT(error_of([&] { open(dir); }), EndsWith("out.json: not a regular file"));
}

}  // namespace
}  // namespace vlrm::testing
