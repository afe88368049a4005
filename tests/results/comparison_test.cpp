#include "results/comparison.h"

#include "runs.h"
#include "support/support.h"

using ::testing::HasSubstr;

namespace vlrm::testing {
namespace {

std::vector<Outcome> pairs(const std::string& id, const std::string& right) {
  std::vector<Outcome> rows;
  for (const char c : right) rows.push_back(pair(id, c == '+' ? 1 : -1));
  return rows;
}

TEST(Comparison, CountsWhatOnlyOneGotRight) {
  const RunResults a = run_of(kVlRewardBench, "a", pairs("wild", "+++++++-++")),
                   b = run_of(kVlRewardBench, "b", pairs("wild", "+------+--"));
  const Comparison result = compare(a, b);
  ASSERT_EQ(result.metrics.size(), 2U);  // General and Overall: a macro average needs all groups
  const MetricComparison& overall = result.metrics[1];
  EXPECT_EQ(overall.metric, "Overall");
  EXPECT_EQ(overall.only_a, 8);
  EXPECT_EQ(overall.only_b, 1);
  EXPECT_DOUBLE_EQ(overall.a, 90);
  EXPECT_DOUBLE_EQ(overall.b, 20);
  EXPECT_NEAR(overall.p, mcnemar_p_value(8, 1), 1e-15);
  EXPECT_GT(overall.difference.low, 0);
  EXPECT_DOUBLE_EQ(overall.difference.high, 100);
}

TEST(Comparison, OfARunWithItselfIsNothing) {
  auto rows = pairs("wild", "+-+");
  for (const char* id : {"mathverse", "RLHF-V"})
    for (const Outcome& row : pairs(id, "-+")) rows.push_back(row);
  const RunResults run = run_of(kVlRewardBench, "a", rows);
  const Comparison result = compare(run, run);
  ASSERT_EQ(result.metrics.size(), 5U);
  for (const auto& metric : result.metrics) {
    EXPECT_EQ(metric.p, 1) << metric.metric;
    EXPECT_EQ(metric.a, metric.b);
    EXPECT_LT(metric.difference.low, 0);  // so few samples do not say that the models never differ
    EXPECT_DOUBLE_EQ(metric.difference.high, -metric.difference.low);
  }
  EXPECT_EQ(result.agreement, 1);
  EXPECT_NEAR(result.metrics[4].a, (2.0 / 3 + 0.5 + 0.5) / 3 * 100, 1e-12);
}

TEST(Comparison, OfOppositesIsNotWithoutDoubt) {
  const RunResults a = run_of(kRlaifV, "a", pairs("", std::string(40, '-'))),
                   b = run_of(kRlaifV, "b", pairs("", std::string(40, '+')));
  const Comparison result = compare(a, b);
  EXPECT_EQ(result.metrics[0].difference.low, -100);
  EXPECT_NEAR(result.metrics[0].difference.high, -100 + 2 * 8.76, 0.01);
  EXPECT_EQ(result.agreement, 0);
}

TEST(Comparison, AgreementIsOfTexts) {
  RunResults a = run_of(kTextVqa, "a", {outcome({1, 1, 0}, {2, 1, 0}), outcome({1, 1, 0}, {2, 1, 0})});
  for (Outcome& row : a.outcomes) row.texts = {7, 7, 8};
  RunResults b = a;
  b.outcomes[0].chosen = 1;
  EXPECT_EQ(compare(a, b).agreement, 1);
  b.outcomes[1].chosen = 2;
  EXPECT_EQ(comparison_json(compare(a, b)).at("agreement"), 0.5);
}

TEST(Comparison, OfBestOfNIsABootstrap) {
  std::vector<Outcome> a, b;
  for (int i = 0; i < 60; ++i) {
    a.push_back(outcome({0.9, 0.3}, {2, 1}));
    b.push_back(outcome({0.9, 0.3}, {i % 3 == 0 ? 2.0 : 0.0, 1}));
  }
  const auto metric = compare(run_of(kTextVqa, "a", a), run_of(kTextVqa, "b", b)).metrics.at(0);
  EXPECT_FALSE(metric.only_a);
  EXPECT_NEAR(metric.a - metric.b, 40, 1e-9);
  EXPECT_NEAR(metric.difference.low, 32.7, 1);  // 60 · Binomial(60, 2/3) / 60: 40 ± 1.96 · 3.65
  EXPECT_NEAR(metric.difference.high, 47, 1);
  EXPECT_LT(metric.p, 0.001);
}

TEST(Comparison, AnUnfinishedRunIsComparedAsFarAsItGoes) {
  RunResults a = run_of(kRlaifV, "a", pairs("", "+++")), b = run_of(kRlaifV, "b", pairs("", "+-"));
  const std::string line = error_of([&] { compare(a, b); });
  EXPECT_THAT(line, HasSubstr("results/a and results/b: not of the same samples, 3 and 2 rows"));
  b.info.rows = 3;
  EXPECT_EQ(compare(a, b).rows, 2);
}

TEST(Comparison, NeedsTheSameSamples) {
  const auto error = [](const RunResults& a, const RunResults& b) { return error_of([&] { compare(a, b); }); };
  const RunResults a = run_of(kVlRewardBench, "a", pairs("wild", "++"));
  EXPECT_THAT(error(a, run_of(kVlRewardBench, "b", pairs("tame", "++"))), HasSubstr("row 1 differs in id"));
  RunResults turned = a;
  turned.outcomes[1].correctness = {0, 1};
  EXPECT_THAT(error(a, turned), HasSubstr("row 2 differs in id or in what is correct"));
  EXPECT_THAT(error(a, run_of(kRlaifV, "b", pairs("", "++"))),
              HasSubstr("of different tasks, vl-rewardbench and rlaif-v"));
  const RunResults unscored = run_of(kTextVqa, "c", {outcome({1, 0}, {})});
  EXPECT_THAT(error(unscored, unscored), HasSubstr("results/c: has no scores to compare"));
  RunResults text = run_of(kTextVqa, "d", {outcome({1, 0}, {1, 0})}), vision = text;
  vision.info.benchmark = mmmu_pro_vision_cot_benchmark.kind;
  EXPECT_THAT(error(text, vision), HasSubstr("of different tasks, textvqa_val and mmmu_pro_vision_cot"));
}

}  // namespace
}  // namespace vlrm::testing
