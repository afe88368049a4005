#include "results/ensemble.h"

#include <cmath>

#include "results/summary.h"
#include "runs.h"
#include "support/support.h"

using ::testing::ElementsAre;
using ::testing::HasSubstr;

namespace vlrm::testing {
namespace {

std::vector<RunResults> two_runs() {
  return {run_of(kRlaifV, "a", {outcome({1, 0}, {1, 5}, ""), outcome({1, 0}, {1, 5}, "")}),
          run_of(kRlaifV, "b", {outcome({1, 0}, {50, 10}, ""), outcome({1, 0}, {30, 30}, "")})};
}

TEST(Ensemble, TakesTheMeanOfNormalisedScores) {
  const RunResults result = ensemble(two_runs(), EnsembleMethod::mean);
  // The second run's deviation is √200: z is ±√2 and 0.
  EXPECT_THAT(result.outcomes[0].scores, ElementsAre(0.20711, -0.20711));
  EXPECT_THAT(result.outcomes[1].scores, ElementsAre(-0.5, 0.5));
  EXPECT_EQ(result.outcomes[0].chosen, 0U);
  EXPECT_EQ(result.outcomes[1].chosen, 1U);
  EXPECT_EQ(result.info.label, "mean(a, b)");
  EXPECT_TRUE(result.path.empty());
  EXPECT_EQ(summarize(result).metrics.at(0).percent, 50);
  EXPECT_EQ(result.equal_scores.pairs(), 2);
}

TEST(Ensemble, TakesTheLeastOfNormalisedScores) {
  const RunResults result = ensemble(two_runs(), EnsembleMethod::min);
  EXPECT_THAT(result.outcomes[0].scores, ElementsAre(-1, -1.41421));
  EXPECT_THAT(result.outcomes[1].scores, ElementsAre(-1, 0));
  EXPECT_EQ(result.info.label, "min(a, b)");
}

TEST(Ensemble, TakesTheFirstOfEqualScores) {
  auto runs = two_runs();
  runs[1].outcomes = {outcome({1, 0}, {5, 1}, ""), outcome({0, 1}, {5, 1}, "")};
  runs[0].outcomes[1].correctness = {0, 1};
  const RunResults result = ensemble(runs, EnsembleMethod::mean);
  EXPECT_THAT(result.outcomes[1].scores, ElementsAre(0, 0));
  EXPECT_EQ(result.outcomes[1].chosen, 0U);
  EXPECT_EQ(result.equal_scores.equal(), 2);
}

TEST(Ensemble, OfOneRunTwiceIsThisRun) {
  const RunResults run = run_of(kTextVqa, "a", {outcome({1, 0.3, 0}, {3, 1, 2}), outcome({0, 1, 0.9}, {7, 2, 6})});
  for (const EnsembleMethod method : {EnsembleMethod::mean, EnsembleMethod::min}) {
    const RunSummary alone = summarize(run), together = summarize(ensemble(std::vector{run, run, run}, method));
    for (size_t i = 0; i < alone.metrics.size(); ++i) EXPECT_EQ(together.metrics[i].percent, alone.metrics[i].percent);
  }
}

TEST(Ensemble, RefusesWhatCannotBePutTogether) {
  const auto error = [](const std::vector<RunResults>& runs) {
    return error_of([&] { ensemble(runs, EnsembleMethod::mean); });
  };
  auto runs = two_runs();
  EXPECT_EQ(error({runs[0]}), "an ensemble needs at least two runs, not 1");
  EXPECT_THAT(error({runs[0], run_of(kVlRewardBench, "c", {pair("wild", 1)})}),
              HasSubstr("of different tasks, rlaif-v and vl-rewardbench"));
  runs[1].outcomes[1].correctness = {0, 1};
  EXPECT_THAT(error(runs), HasSubstr("row 2 differs in id or in what is correct"));
  runs = two_runs();
  runs[1].outcomes.pop_back();
  EXPECT_THAT(error(runs), HasSubstr("not of the same samples, 2 and 1 rows"));
  runs[1].info.rows = 2;
  EXPECT_EQ(error(runs),
            "results/b: row 2 has no score; an ensemble needs those of all 2 rows, so finish this evaluation first");
  runs = two_runs();
  runs[1].outcomes[1].scores[0] = NAN;
  EXPECT_EQ(error(runs), "results/b: row 2 has a score that is not a finite number; an ensemble cannot normalise it");
  runs[1].outcomes = {outcome({1, 0}, {3, 3}, ""), outcome({1, 0}, {3, 3}, "")};
  EXPECT_EQ(error(runs), "results/b: all its scores are 3; without spread they cannot be normalised");
  runs[1].outcomes[0].scores[0] = 1e300;
  EXPECT_EQ(error(runs), "results/b: its scores cannot be normalised: their standard deviation is inf");
  runs[1].outcomes = {outcome({1, 0}, {1e-200, 0}, ""), outcome({1, 0}, {0, 0}, "")};
  EXPECT_THAT(error(runs), HasSubstr("their standard deviation is 0"));
}

TEST(Ensemble, RefusesOtherResponsesAndOtherData) {
  std::vector<RunResults> runs(2, run_of(kTextVqa, "a", {outcome({1, 0}, {1, 0})}));
  runs[0].outcomes[0].texts = {1, 2};
  runs[1].outcomes[0].texts = {1, 3};
  const auto error = [](const auto& all) { return error_of([&] { ensemble(all, EnsembleMethod::min); }); };
  EXPECT_THAT(error(runs), HasSubstr("not of the same samples, row 1 differs in its responses"));
  runs = two_runs();  // whose rows have no ids
  runs[0].info.data = RunData{"", "", "", "1"};
  runs[1].info.data = RunData{"", "", "", "2"};
  EXPECT_THAT(error(runs), HasSubstr("the files of their data differ, and rows have no ids"));
  runs[1].info.data->stamp = "1";
  ensemble(runs, EnsembleMethod::min);
}

}  // namespace
}  // namespace vlrm::testing
