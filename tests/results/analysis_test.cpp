#include "results/analysis.h"

#include <bit>
#include <cmath>

#include "results/summary.h"
#include "runs.h"
#include "support/support.h"

namespace vlrm::testing {
namespace {

// Every subset of `n` responses, its choice made as on a row of its own.
double by_brute_force(const Outcome& outcome, size_t n, const std::vector<double>& scores) {
  double sum = 0;
  int subsets = 0;
  for (uint32_t mask = 0; mask < 1U << scores.size(); ++mask) {
    if (static_cast<size_t>(std::popcount(mask)) != n) continue;
    std::vector<double> drawn, correctness;
    for (size_t i = 0; i < scores.size(); ++i) {
      if ((mask >> i & 1) == 0) continue;
      drawn.push_back(scores[i]);
      correctness.push_back(outcome.correctness[i]);
    }
    sum += correctness[first_largest(drawn)];
    ++subsets;
  }
  return sum / subsets;
}

TEST(BestOfNCurve, IsTheMeanOverAllSubsets) {
  const std::vector<Outcome> rows{outcome({0.3, 1, 0, 0.6, 0.9, 0, 1}, {2, 1, 5, 5, 3, NAN, -1}),
                                  outcome({0, 1, 0.5, 0.5, 1, 0.1, 0.7}, {1, 1, 1, 1, 1, 1, 1})};
  const auto curve = best_of_n_curve(rows);
  ASSERT_EQ(curve.size(), 7U);
  for (const CurvePoint& point : curve) {
    double chosen = 0, best = 0;
    for (const Outcome& row : rows) {
      chosen += by_brute_force(row, point.n, row.scores) / 2;
      best += by_brute_force(row, point.n, row.correctness) / 2;
    }
    EXPECT_NEAR(point.chosen, chosen, 1e-12) << point.n;
    EXPECT_NEAR(point.best, best, 1e-12) << point.n;
  }
}

TEST(BestOfNCurve, ShortRowsCountWithAllTheyHave) {
  const auto curve = best_of_n_curve({outcome({0, 1}, {1, 2}), outcome({1, 0, 0}, {1, 2, 3})});
  ASSERT_EQ(curve.size(), 3U);
  EXPECT_DOUBLE_EQ(curve[2].chosen, 0.5);
  EXPECT_DOUBLE_EQ(curve[2].best, 1);
  EXPECT_DOUBLE_EQ(curve[0].chosen, (0.5 + 1.0 / 3) / 2);
  EXPECT_TRUE(best_of_n_curve({outcome({1, 0}, {})}).empty());
}

TEST(Ties, AreWhereTheOrderDecides) {
  const Ties all = ties({outcome({1, 0}, {2, 2}), outcome({1, 1}, {0, 0}), outcome({0, 1}, {1, 2}),
                         outcome({0.5, 0, 1}, {3, 1, 3}), outcome({1, 0, 0}, {5, 1, 1})})
                       .value();
  EXPECT_EQ(all.rows, 3);
  EXPECT_EQ(all.rows_that_matter, 2);
  EXPECT_DOUBLE_EQ(all.accuracy, (1 + 1 + 1 + 0.5 + 1) / 5);
  EXPECT_DOUBLE_EQ(all.accuracy_reversed, (0 + 1 + 1 + 1 + 1) / 5.0);
  EXPECT_FALSE(ties({outcome({1, 0}, {})}));
}

TEST(ScoreDistributions, TellRightFromWrong) {
  const auto all = score_distributions(
      {outcome({1, 0}, {3, 1}), outcome({0.9, 0.9}, {7, 8}), outcome({0, 0.3, 1, 1}, {5, 6, 2, 4})});
  EXPECT_EQ(all.all->count, 8);
  EXPECT_EQ(all.right->count, 3);
  EXPECT_EQ(all.right->mean, 3);
  EXPECT_EQ(all.wrong->count, 3);
  EXPECT_EQ(all.wrong->mean, 4);
  EXPECT_EQ(all.margin->count, 2);  // 3 − 1 and 4 − 6
  EXPECT_EQ(all.margin->mean, 0);
  EXPECT_FALSE(score_distributions({outcome({1, 1}, {0, 0})}).right);
}

TEST(LengthGap, OfPairsIsThePreferredOnesLead) {
  std::vector<Outcome> rows;
  for (int i = 0; i < 10; ++i) {
    rows.push_back(pair("a", i < 6 ? 1 : -1));
    rows.back().lengths = {100 + i / 2 * 10, 100};  // 0, 0, 10, 10, …
  }
  const auto bins = accuracy_by_length_gap(run_of(kRlaifV, "a", rows));
  ASSERT_EQ(bins.size(), 5U);
  EXPECT_EQ(bins[0].low, 0);
  EXPECT_EQ(bins[0].high, 0);
  EXPECT_EQ(bins[0].count, 2);
  EXPECT_EQ(bins[2].accuracy, 1);
  EXPECT_EQ(bins[3].accuracy, 0);
  EXPECT_EQ(bins[4].high, 40);
}

// The rows of a run without a model hold the question twice.
TEST(LengthGap, IsAbsentWhereNoRowTellsResponsesApart) {
  std::vector<Outcome> rows{pair("a", 1), pair("a", -1)};
  for (Outcome& row : rows) row.lengths = {31, 31};
  EXPECT_TRUE(accuracy_by_length_gap(run_of(kRlaifV, "a", rows)).empty());
  EXPECT_FALSE(summary_json(summarize(run_of(kRlaifV, "a", rows))).contains("length_gap"));
}

TEST(AccuracyBins, HoldAboutAsManyRowsAndShareEqualValues) {
  const auto bins = accuracy_by({{3, 0}, {0, 1}, {0, 1}, {1, 1}, {1, 1}, {2, 1}, {2, 1}, {4, 0}, {3, 0}, {4, 0}}, 3);
  ASSERT_EQ(bins.size(), 3U);
  EXPECT_EQ(bins[0].low, 0);
  EXPECT_EQ(bins[0].high, 1);
  EXPECT_EQ(bins[0].count, 4);
  EXPECT_EQ(bins[1].low, 2);
  EXPECT_EQ(bins[1].high, 2);
  EXPECT_EQ(bins[1].accuracy, 1);
  EXPECT_EQ(bins[2].count, 4);
  EXPECT_EQ(bins[2].accuracy, 0);
}

TEST(LengthGap, OfBestOfNIsTheChosenOnesLead) {
  const auto bins = accuracy_by_length_gap(run_of(kTextVqa, "a", {outcome({0.3, 0, 0}, {3, 2, 1})}));
  ASSERT_EQ(bins.size(), 1U);
  EXPECT_EQ(bins[0].low, 10 - 20);
  EXPECT_EQ(bins[0].accuracy, 0.3);
  EXPECT_TRUE(accuracy_by_length_gap(run_of(kTextVqa, "a", {outcome({1}, {})})).empty());
}

}  // namespace
}  // namespace vlrm::testing
