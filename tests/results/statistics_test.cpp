#include "results/statistics.h"

#include <chrono>
#include <cmath>

#include "base/threads.h"
#include "support/support.h"

namespace vlrm::testing {
namespace {

std::vector<double> zeros_and_ones(size_t zeros, size_t ones) {
  std::vector<double> values(zeros, 0.0);
  values.resize(zeros + ones, 1.0);
  return values;
}

// Resampled means of zeros and ones are binomial, so their quantiles are known.
TEST(Bootstrap, OfProportionsIsBinomial) {
  const auto values = zeros_and_ones(160, 240);
  const Interval interval = bootstrap_interval({values}).value();
  EXPECT_NEAR(interval.low, 0.5525, 0.0026);  // the 2.5% and 97.5% quantiles of Binomial(400, 0.6), over 400
  EXPECT_NEAR(interval.high, 0.6475, 0.0026);
}

TEST(Bootstrap, StrataAreResampledApart) {
  const auto sure = zeros_and_ones(0, 3), half = zeros_and_ones(200, 200);
  const Interval interval = bootstrap_interval({sure, half}).value();
  EXPECT_NEAR(interval.low, (1 + 0.45) / 2, 0.002);  // the quantile of Binomial(400, 0.5) is 180
  EXPECT_NEAR(interval.high, (1 + 0.55) / 2, 0.002);
  EXPECT_FALSE(bootstrap_interval({sure, {}}));
  EXPECT_FALSE(bootstrap_interval({}));
}

TEST(Bootstrap, DoesNotDependOnThreads) {
  const auto values = zeros_and_ones(31, 70);
  const Interval many = bootstrap_interval({values}).value();
  set_thread_count(1);
  const Interval one = bootstrap_interval({values}).value();
  set_thread_count(0);
  EXPECT_EQ(one.low, many.low);
  EXPECT_EQ(one.high, many.high);
}

TEST(Bootstrap, DependsOnTheSeed) {
  std::vector<double> values;
  for (int i = 0; i < 50; ++i) values.push_back(std::sqrt(i));
  BootstrapOptions first, second;
  second.seed = 1;
  EXPECT_NE(bootstrap_interval({values}, first)->low, bootstrap_interval({values}, second)->low);
}

TEST(Bootstrap, OfFiveThousandRowsTakesLessThanASecond) {
  std::vector<double> values;
  for (int i = 0; i < 5000; ++i) values.push_back((i * 7919 % 11) / 10.0);
  const auto start = std::chrono::steady_clock::now();
  bootstrap_interval({values});
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(1));
}

TEST(Bootstrap, PValueOfAMeanIsNearTheNormalOne) {
  std::vector<double> differences = zeros_and_ones(400, 60);
  for (int i = 0; i < 40; ++i) differences.push_back(-1);
  // The mean is 0.04, its standard error sqrt((100 - 500·0.04²) / 500²) = 0.01992: p = erfc(2.008 / √2) = 0.0446.
  EXPECT_NEAR(bootstrap_p_value({differences}), 0.0446, 0.008);
  EXPECT_EQ(bootstrap_p_value({zeros_and_ones(9, 0)}), 1);
  EXPECT_EQ(bootstrap_p_value({}), 1);
  EXPECT_NEAR(bootstrap_p_value({zeros_and_ones(1, 999)}), 1.0 / 10001, 1e-9);
}

// scipy.stats.binomtest(min, sum, 0.5).pvalue.
TEST(McNemar, IsTheExactBinomialTest) {
  EXPECT_EQ(mcnemar_p_value(0, 0), 1);
  EXPECT_EQ(mcnemar_p_value(5, 5), 1);
  EXPECT_DOUBLE_EQ(mcnemar_p_value(0, 1), 1);
  EXPECT_NEAR(mcnemar_p_value(0, 10), 0.001953125, 1e-15);
  EXPECT_NEAR(mcnemar_p_value(12, 4), 0.076812744140625, 1e-14);
  EXPECT_EQ(mcnemar_p_value(4, 12), mcnemar_p_value(12, 4));
  EXPECT_NEAR(mcnemar_p_value(530, 470) / 0.06202319509836318, 1, 1e-10);
  EXPECT_LT(mcnemar_p_value(3000, 0), 1e-300);
}

TEST(Wilson, IsTheScoreInterval) {
  const Interval interval = wilson_interval(8, 10).value();
  EXPECT_NEAR(interval.low, 0.49016247153664183, 1e-12);
  EXPECT_NEAR(interval.high, 0.9433178485456247, 1e-12);
  EXPECT_NEAR(wilson_interval(10, 10)->high, 1, 1e-12);
  EXPECT_NEAR(wilson_interval(0, 10)->low, 0, 1e-12);
  EXPECT_FALSE(wilson_interval(0, 0));
}

TEST(IntervalOfMean, IsWilsonsWhereAllAreAlike) {
  const auto right = zeros_and_ones(0, 40), wrong = zeros_and_ones(40, 0);
  EXPECT_NEAR(interval_of_mean({right})->low, wilson_interval(40, 40)->low, 1e-15);
  EXPECT_EQ(interval_of_mean({right})->high, 1);
  EXPECT_NEAR(interval_of_mean({wrong})->high, wilson_interval(0, 40)->high, 1e-15);
  const auto mixed = zeros_and_ones(10, 30);
  EXPECT_EQ(interval_of_mean({mixed})->low, bootstrap_interval({mixed})->low);
}

TEST(IntervalOfMean, AddsWilsonsHalfWidthsInQuadrature) {
  const auto right = zeros_and_ones(0, 3), half = zeros_and_ones(200, 200);
  const Interval resampled = bootstrap_interval({right, half}).value(), all = interval_of_mean({right, half}).value();
  const double doubt = (1 - wilson_interval(3, 3)->low) / 2;  // of one of two strata
  EXPECT_NEAR(all.low, 0.75 - std::hypot(0.75 - resampled.low, doubt), 1e-12);
  EXPECT_NEAR(all.high, resampled.high, 1e-12);  // none can be more than right
  EXPECT_FALSE(interval_of_mean({right, {}}));
}

TEST(IntervalOfMean, OfDifferencesReachesBothWays) {
  const std::vector<double> none(20, 0.0), all(20, -1.0);
  const double doubt = 1 - wilson_interval(20, 20)->low;
  const Interval same = interval_of_mean({none}, -1, 1).value(), other = interval_of_mean({all}, -1, 1).value();
  EXPECT_NEAR(same.low, -doubt, 1e-12);
  EXPECT_NEAR(same.high, doubt, 1e-12);
  EXPECT_EQ(other.low, -1);
  EXPECT_NEAR(other.high, -1 + 2 * doubt, 1e-12);
}

// R's p.adjust(p, "holm").
TEST(Holm, MultipliesTheSmallestMost) {
  const auto corrected = holm_corrected({0.01, 0.04, 0.03, 0.005, 0.9});
  const std::vector<double> expected{0.04, 0.09, 0.09, 0.025, 0.9};
  ASSERT_EQ(corrected.size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(corrected[i], expected[i], 1e-15) << i;
  EXPECT_EQ(holm_corrected({0.6, 0.7}), (std::vector<double>{1, 1}));
  EXPECT_TRUE(holm_corrected({}).empty());
}

// numpy.quantile and numpy.std(ddof=1) of the same values.
TEST(Distribution, IsNumpys) {
  const Distribution all = distribution({3, 1, 2, 10, NAN, -INFINITY}).value();
  EXPECT_EQ(all.count, 4);
  EXPECT_EQ(all.mean, 4);
  EXPECT_NEAR(all.deviation, 4.08248290463863, 1e-14);
  EXPECT_EQ(all.minimum, 1);
  EXPECT_NEAR(all.q05, 1.15, 1e-15);
  EXPECT_EQ(all.q25, 1.75);
  EXPECT_EQ(all.median, 2.5);
  EXPECT_EQ(all.q75, 4.75);
  EXPECT_NEAR(all.q95, 8.95, 1e-14);
  EXPECT_EQ(all.maximum, 10);
  EXPECT_EQ(distribution({2})->deviation, 0);
  EXPECT_FALSE(distribution({NAN}));
}

}  // namespace
}  // namespace vlrm::testing
