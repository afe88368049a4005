#include "results/metrics.h"

#include "python/json.h"
#include "runs.h"
#include "support/support.h"

namespace vlrm::testing {
namespace {

std::string spelled(const std::optional<double>& number) {
  return python_float(number.value());
}

std::string group_text(const VlRewardBenchSummary& summary, Group group) {
  const Share& share = summary.groups[static_cast<size_t>(group)];
  return fmt::format("{{'count': {}, 'accuracy': {}}}", share.count, spelled(share.fraction()));
}

// What the reference's script for the task prints.
std::string as_the_reference_prints(const RunResults& run, const std::string& path) {
  if (run.info.task == Task::rlaif_v)
    return fmt::format("{}\n{}\n", path, spelled(percent_of_pairs(summarize_pairs(run.outcomes))));
  if (run.info.task == Task::vl_rewardbench) {
    const auto summary = summarize_vl_rewardbench(run.outcomes);
    return fmt::format(
        "{}\n{{'reasoning': {}, 'hallucination': {}, 'general': {}, 'overall_accuracy': {}, 'macro_average_accuracy': "
        "{}}}\n",
        path, group_text(summary, Group::reasoning), group_text(summary, Group::hallucination),
        group_text(summary, Group::general), spelled(summary.overall.fraction()), spelled(summary.macro()));
  }
  const auto summary = summarize_best_of_n(run.outcomes);
  return fmt::format("Pass @ 1: {}\nPass @ N: {}\nRandom Accuracy: {}\nRM Accuracy: {}\n",
                     spelled(percent(summary.pass_1.fraction())), spelled(percent(summary.pass_n.fraction())),
                     spelled(percent(summary.random_drawn.fraction())), spelled(percent(summary.chosen.fraction())));
}

TEST(Metrics, AreTheReferencesToTheLastDigit) {
  VLRM_NEED_GOLDENS();
  const Json summaries = read_json_or_throw(goldens() / "eval/summaries.json");
  EXPECT_FALSE(summaries.empty());
  for (const auto& [name, printed] : summaries.items()) {
    const std::string path = "results/" + name + ".jsonl";
    EXPECT_EQ(as_the_reference_prints(read_run(goldens() / "eval" / path), path), printed.get<std::string>());
  }
}

TEST(Metrics, OfThePublishedResponses) {
  VLRM_NEED_GOLDENS();
  const Json expected = figures_of_published_responses();
  const RunResults run = read_run(seed() / "best_of_n/textvqa_val.jsonl");
  EXPECT_EQ(run.info.subtask, "textvqa_val");
  EXPECT_FALSE(run.scored());
  const auto summary = summarize_best_of_n(run.outcomes);
  EXPECT_THAT(expected.at("printed").get<std::string>(),
              ::testing::StartsWith(fmt::format(
                  "Pass @ 1: {}\nPass @ N: {}\nRandom Accuracy: {}\n", spelled(percent(summary.pass_1.fraction())),
                  spelled(percent(summary.pass_n.fraction())), spelled(percent(summary.random_drawn.fraction())))));
  EXPECT_EQ(summary.pass_1.count, expected.at("rows"));
  EXPECT_FALSE(summary.chosen.fraction());
}

TEST(Metrics, GroupsAreToldByTheId) {
  for (const auto& [id, group] : std::vector<std::pair<std::string, Group>>{
           {"mmmu_pro-1", Group::reasoning},
           {"x-mathverse", Group::reasoning},
           {"RLAIF-V-mathverse", Group::reasoning},  // reasoning is looked for first
           {"hallucination_pair-12", Group::hallucination},
           {"RLAIF-V-3", Group::hallucination},
           {"a RLHF-V", Group::hallucination},
           {"rlhf-v", Group::general},
           {"MMMU_PRO", Group::general},
           {"", Group::general}})
    EXPECT_EQ(group_of(id), group) << id;
}

TEST(Metrics, AnEmptyGroupHasNoFraction) {
  const auto summary = summarize_vl_rewardbench({pair("mathverse", 1), pair("wild", -1)});
  EXPECT_FALSE(summary.groups[static_cast<size_t>(Group::hallucination)].fraction());
  EXPECT_FALSE(summary.macro());
  EXPECT_EQ(summary.overall.fraction(), 0.5);
  EXPECT_FALSE(summarize_pairs({}).fraction());
  EXPECT_FALSE(percent_of_pairs({}));
}

TEST(Metrics, OfEqualScoresTheFirstCounts) {
  const auto summary = summarize_best_of_n({outcome({0.3, 1, 0.6}, {2, 5, 5}), outcome({0, 0.5}, {1, 1})});
  EXPECT_EQ(summary.chosen.correct, 1);
  EXPECT_EQ(summary.pass_n.correct, 1.5);
  EXPECT_EQ(summary.fewest, 2U);
  EXPECT_EQ(summary.most, 3U);
  EXPECT_DOUBLE_EQ(summary.random.correct, 1.9 / 3 + 0.25);
}

}  // namespace
}  // namespace vlrm::testing
