#include "results/metrics.h"

#include "python/json.h"
#include "runs.h"
#include "support/support.h"

namespace vlrm::testing {
namespace {

std::string spelled(const std::optional<double>& number) {
  return python_float(number.value());
}

std::string group_text(const ChoiceSummary& summary, size_t group) {
  const Tally& tally = summary.groups[group];
  return fmt::format("{{'count': {}, 'accuracy': {}}}", tally.count, spelled(tally.fraction()));
}

// What the reference's script for the task prints.
std::string as_the_reference_prints(const RunResults& run, const std::string& path) {
  const ChoiceSummary choices = summarize_choices(run.outcomes, run.info.benchmark.groups.size());
  if (run.info.benchmark.name() == "rlaif-v")
    return fmt::format("{}\n{}\n", path, spelled(accuracy_percent(choices.overall)));
  if (run.info.benchmark.name() == "vl-rewardbench") {
    EXPECT_THAT(run.info.benchmark.groups, ::testing::ElementsAre("General", "Hallucination", "Reasoning"));
    return fmt::format(
        "{}\n{{'reasoning': {}, 'hallucination': {}, 'general': {}, 'overall_accuracy': {}, 'macro_average_accuracy': "
        "{}}}\n",
        path, group_text(choices, 2), group_text(choices, 1), group_text(choices, 0),
        spelled(choices.overall.fraction()), spelled(choices.macro()));
  }
  const auto summary = summarize_best_of_n(run.outcomes);
  return fmt::format("Pass @ 1: {}\nPass @ N: {}\nRandom Accuracy: {}\nRM Accuracy: {}\n",
                     spelled(percent(summary.pass_1.fraction())), spelled(percent(summary.pass_n.fraction())),
                     spelled(percent(summary.random_drawn.fraction())), spelled(percent(choices.overall.fraction())));
}

TEST(Metrics, AreTheReferencesToTheLastDigit) {
  VLRM_NEED_GOLDENS();
  const Json summaries = read_json_or_throw(goldens() / "eval/summaries.json");
  EXPECT_FALSE(summaries.empty());
  for (const auto& [name, printed] : summaries.items()) {
    const std::string path = "results/" + name + ".jsonl";
    EXPECT_EQ(as_the_reference_prints(read_run(goldens() / "eval" / path, all_kinds()), path),
              printed.get<std::string>());
  }
}

TEST(Metrics, OfThePublishedResponses) {
  VLRM_NEED_GOLDENS();
  const Json expected = figures_of_published_responses();
  const RunResults run = read_run(seed() / "best_of_n/textvqa_val.jsonl", all_kinds());
  EXPECT_EQ(run.info.benchmark.subtask, "textvqa_val");
  EXPECT_FALSE(run.scored());
  const auto summary = summarize_best_of_n(run.outcomes);
  EXPECT_THAT(expected.at("printed").get<std::string>(),
              ::testing::StartsWith(fmt::format(
                  "Pass @ 1: {}\nPass @ N: {}\nRandom Accuracy: {}\n", spelled(percent(summary.pass_1.fraction())),
                  spelled(percent(summary.pass_n.fraction())), spelled(percent(summary.random_drawn.fraction())))));
  EXPECT_EQ(summary.pass_1.count, expected.at("rows"));
  EXPECT_FALSE(summarize_choices(run.outcomes, 0).overall.fraction());
}

TEST(Metrics, AnEmptyGroupHasNoFraction) {
  const RunResults run = run_of(kVlRewardBench, "a", {pair("mathverse", 1), pair("wild", -1)});
  const auto summary = summarize_choices(run.outcomes, 3);
  EXPECT_TRUE(summary.groups[0].fraction());
  EXPECT_FALSE(summary.groups[1].fraction());
  EXPECT_FALSE(summary.macro());
  EXPECT_EQ(summary.overall.fraction(), 0.5);
  EXPECT_FALSE(summarize_choices({}, 0).overall.fraction());
  EXPECT_FALSE(summarize_choices({pair("a", 1)}, 0).macro());
  EXPECT_FALSE(accuracy_percent({}));
}

TEST(Metrics, OfEqualScoresTheFirstCounts) {
  const std::vector<Outcome> rows{outcome({0.3, 1, 0.6}, {2, 5, 5}), outcome({0, 0.5}, {1, 1})};
  EXPECT_EQ(summarize_choices(rows, 0).overall.correct, 1);
  const auto summary = summarize_best_of_n(rows);
  EXPECT_EQ(summary.pass_n.correct, 1.5);
  EXPECT_DOUBLE_EQ(summary.random.correct, 1.9 / 3 + 0.25);
}

TEST(RoundedScore, IsPythonsRound) {
  EXPECT_EQ(rounded_score(0.123455), 0.12345);  // the nearest double lies below the tie
  EXPECT_EQ(rounded_score(0.123465), 0.12347);  // above it
  EXPECT_EQ(rounded_score(0.1234549), 0.12345);
  EXPECT_EQ(rounded_score(-1.5), -1.5);
}

}  // namespace
}  // namespace vlrm::testing
