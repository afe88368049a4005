#include "results/margins.h"

#include <cmath>

#include "runs.h"
#include "support/support.h"

namespace vlrm::testing {
namespace {

TEST(MarginHistogram, CountsRightAndWrong) {
  const auto histogram =
      margin_histogram({pair("a", 2), pair("a", -1.5), pair("a", 0), pair("a", 0.3), pair("a", NAN)});
  ASSERT_TRUE(histogram);
  const std::vector<double>& edges = histogram->edges;
  EXPECT_EQ(edges.front(), -1.6);
  EXPECT_EQ(edges.back(), 2);
  EXPECT_EQ(edges[1], -1.4);
  EXPECT_EQ(histogram->left_out, 1);
  const auto zero = static_cast<size_t>(std::ranges::find(edges, 0.0) - edges.begin());
  ASSERT_LT(zero, edges.size());
  EXPECT_EQ(histogram->right[zero], 1);      // the first of equals is chosen
  EXPECT_EQ(histogram->right[zero + 1], 1);  // 0.3
  EXPECT_EQ(histogram->right.back(), 1);     // the last bin holds its upper edge
  EXPECT_EQ(histogram->wrong.front(), 1);
}

TEST(MarginHistogram, EdgesAreShortDecimals) {
  const auto histogram = margin_histogram({pair("a", 1.23), pair("a", -0.71)});
  for (const double edge : histogram->edges) EXPECT_EQ(edge, std::round(edge * 10) / 10);
  EXPECT_EQ(margin_histogram({pair("a", 0)})->edges, (std::vector<double>{0, 1e-12}));
  EXPECT_EQ(margin_histogram({pair("a", 1e308)})->edges.front(), 0);
  EXPECT_FALSE(margin_histogram({pair("a", INFINITY), outcome({1, 0}, {})}));
}

TEST(AccuracyByMargin, IsByTheLeadOfTheHighestScore) {
  const auto bins =
      accuracy_by_margin({pair("a", -1), pair("a", 3), pair("a", INFINITY), outcome({0, 0.3, 1}, {0, 7, 5})});
  ASSERT_EQ(bins.size(), 3U);
  EXPECT_EQ(bins[0].low, 1);
  EXPECT_EQ(bins[0].accuracy, 0);
  EXPECT_EQ(bins[1].low, 2);  // 7 − 5
  EXPECT_EQ(bins[1].accuracy, 0.3);
  EXPECT_EQ(bins[2].low, 3);
}

TEST(Calibration, IsTheMeanDistanceOfItsBins) {
  const double even = std::log(0.6 / 0.4), sure = std::log(0.9 / 0.1) + 1e-9;  // probabilities of 60% and 90%
  const auto all =
      calibration({pair("a", even + 1e-9), pair("a", -even - 1e-9), pair("a", sure), pair("a", sure), pair("a", NAN)});
  ASSERT_TRUE(all);
  ASSERT_EQ(all->bins.size(), 2U);
  EXPECT_EQ(all->bins[0].low, 0.6);
  EXPECT_EQ(all->bins[0].high, 0.65);
  EXPECT_NEAR(all->bins[0].predicted, 0.6, 1e-8);
  EXPECT_EQ(all->bins[0].right, 0.5);
  EXPECT_EQ(all->bins[1].low, 0.9);
  EXPECT_EQ(all->bins[1].right, 1);
  EXPECT_NEAR(all->error, (0.1 + 0.1) / 2, 1e-8);
  EXPECT_EQ(calibration({pair("a", 1000)})->bins.front().high, 1);
  EXPECT_FALSE(calibration({outcome({1, 0, 0}, {1, 2, 3})}));
}

}  // namespace
}  // namespace vlrm::testing
