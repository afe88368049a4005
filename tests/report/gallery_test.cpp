#include "report/gallery.h"

#include "report/report.h"
#include "runs.h"
#include "support/support.h"

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

namespace vlrm::testing {
namespace {

constexpr const char* kRows =
    R"({"id": "wild-1", "prompts": ["Q: why? A: so", "Q: why? A: not"], "outputs": [1.0, 0.5], "predicted_answer": 0, "ground_truth": [0, 1]}
{"id": "mathverse-2", "prompts": ["Q: who? A: I", "Q: who? A: </script><b>"], "outputs": [1.0, 2.5], "predicted_answer": 1, "ground_truth": [0, 1]}
)";

TEST(Gallery, RunsOfTheSameSamplesStandTogether) {
  const RunResults a = run_of(kRlaifV, "a", {pair("", 1), pair("", 1)}),
                   other = run_of(kRlaifV, "other", {pair("", 1)}),
                   b = run_of(kRlaifV, "b", {pair("", -1), pair("", 1)}), none = run_of(kRlaifV, "none", {});
  EXPECT_THAT(by_samples({&other, &a, &none, &b}), ElementsAre(ElementsAre(&a, &b), ElementsAre(&other)));
}

TEST(Gallery, AnUnfinishedRunBelongsToTheLonger) {
  RunResults half = run_of(kRlaifV, "half", {pair("", 1)});
  half.info.rows = 2;
  const RunResults whole = run_of(kRlaifV, "whole", {pair("", 1), pair("", 1)});
  EXPECT_THAT(by_samples({&half, &whole}), ElementsAre(ElementsAre(&half, &whole)));
}

TEST(Gallery, RowsOfPairsGiveRenderedPrompts) {
  TemporaryDirectory directory;
  write_text(directory / "run.jsonl", kRows);
  const RunResults run = read_run(directory / "run.jsonl", all_kinds());
  Thumbnails thumbnails(64, 1000);
  const Gallery gallery = read_gallery({&run}, "", 10, thumbnails);
  EXPECT_TRUE(gallery.rendered);
  const OrderedJson json = gallery_json(gallery);
  EXPECT_EQ(json.at("questions").dump(), R"(["Q: why? A: ","Q: who? A: "])");
  EXPECT_EQ(json.at("responses").dump(), R"([["so","not"],["I","</script><b>"]])");
  EXPECT_EQ(json.at("groups").dump(), "[0,2]");
  EXPECT_EQ(json.at("runs").dump(),
            R"([{"scores":[[1.0,0.5],[1.0,2.5]],"picked":[0,1],"margins":[0.5,-1.5],"wrong":[0,1]}])");
  EXPECT_EQ(read_gallery({&run}, "", 1, thumbnails).samples.size(), 1U);
}

TEST(Gallery, TiesAreNeitherRightNorWrong) {
  TemporaryDirectory directory;
  write_text(
      directory / "run.jsonl",
      fmt::format(
          "{}{}\n", kRows,
          R"({"id": "wild-3", "prompts": ["Q: A: a", "Q: A: b"], "outputs": [1.0, 0.5], "predicted_answer": 0, "ground_truth": []})"));
  const RunResults run = read_run(directory / "run.jsonl", all_kinds());
  Thumbnails thumbnails(64, 1000);
  const OrderedJson json = gallery_json(read_gallery({&run}, "", 10, thumbnails));
  EXPECT_EQ(json.at("runs")[0].at("wrong").dump(), "[0,1,null]");
}

TEST(Gallery, LongTextsAreCutAtACharacter) {
  std::vector<Gallery> galleries(1);
  galleries[0].samples.push_back({"short", {std::string(20'000, 'a'), "xé" + std::string(8189, 'b') + "é"}, {}});
  shorten_texts(galleries, 1'000'000);
  EXPECT_EQ(galleries[0].samples[0].question, "short");
  EXPECT_EQ(galleries[0].samples[0].responses[0], std::string(8192, 'a') + "…");
  EXPECT_EQ(galleries[0].samples[0].responses[1], "xé" + std::string(8189, 'b') + "…");
  shorten_texts(galleries, 1000);
  EXPECT_LE(galleries[0].samples[0].responses[0].size(), 600U);
}

TEST(Report, IsTheSameEachTimeAndHoldsNoMarkupOfStrangers) {
  TemporaryDirectory directory;
  write_text(directory / "a<b>.jsonl", kRows);
  const std::string path = (directory / "a<b>.jsonl").string();
  const Report report = make_report({path}, {});
  EXPECT_EQ(report.page, make_report({path}, {}).page);
  EXPECT_THAT(report.page, Not(HasSubstr("</script><b>")));
  EXPECT_THAT(report.page, HasSubstr("a&lt;b&gt;</th>"));
  EXPECT_THAT(report.page, HasSubstr("<td>50.0 <small>"));
}

TEST(Report, WrongOptionsAreNamed) {
  TemporaryDirectory directory;
  write_text(directory / "a.jsonl", kRows);
  const std::string path = (directory / "a.jsonl").string();
  ReportOptions options;
  options.data = {{"textvqa", "x"}};
  EXPECT_THAT(error_of([&] { make_report({path}, options); }), HasSubstr("no result is of textvqa"));
  options.data = {{"", (directory / "nowhere.parquet").string()}};
  EXPECT_THAT(error_of([&] { make_report({path}, options); }), HasSubstr("nowhere.parquet"));
  options = {};
  options.bytes = 1000;
  EXPECT_THAT(error_of([&] { make_report({path}, options); }), HasSubstr("`samples` takes fewer samples"));
}

}  // namespace
}  // namespace vlrm::testing
