// Intervals and tests for means over samples. All are deterministic: the same numbers give the same digits on any
// machine, with any number of threads.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace vlrm {

struct Interval {
  double low = 0, high = 0;
};

// Values of independent samples, a stratum each: groups that are resampled apart from each other.
using Strata = std::vector<std::span<const double>>;

struct BootstrapOptions {
  int64_t resamples = 10'000;
  double confidence = 0.95;
  uint64_t seed = 0;
};

// The percentile bootstrap interval of the mean of the strata's means; of a plain mean with one stratum. Nothing where
// a stratum is empty.
std::optional<Interval> bootstrap_interval(const Strata& strata, const BootstrapOptions& options = {});

// Two-sided p-value of "the mean of the strata's means of these differences is 0": the fraction of bootstrap resamples
// of the centred differences that lie at least as far from 0 as what was observed, itself counted. 1 if there are
// no differences.
double bootstrap_p_value(const Strata& differences, const BootstrapOptions& options = {});

// The bootstrap's interval of values between `lowest` and `highest`, widened by the strata whose values are all equal.
// Of these every resample is the same, so the bootstrap says that nothing is in doubt. Wilson's interval says that of n
// values alike, up to z² / (n + z²) of all there are may be otherwise; such a value is then as far off as it can be.
// The half-widths are added in quadrature. Of one stratum of zeros, or of ones, this is Wilson's interval.
std::optional<Interval> interval_of_mean(const Strata& strata, double lowest = 0, double highest = 1);

// Wilson's score interval of `correct` of `count` samples, at 95%. Nothing where count is 0.
std::optional<Interval> wilson_interval(int64_t correct, int64_t count);

// McNemar's exact test on two runs over the same pairs: the two-sided binomial p-value that, of the samples that just
// one run got right, as uneven a split as `only_a` to `only_b` is chance.
double mcnemar_p_value(int64_t only_a, int64_t only_b);

// p-values of several tests, in their order, corrected so that all of them together err as rarely as one (Holm 1979):
// the smallest of m is multiplied by m, the next by m − 1, …; none is below one before it, nor above 1.
std::vector<double> holm_corrected(const std::vector<double>& p_values);

// The quantile 0 ≤ q ≤ 1 of sorted, non-empty values, linear between neighbours.
double quantile(std::span<const double> sorted, double q);

struct Distribution {
  int64_t count = 0;
  double mean = 0, deviation = 0;  // the sample standard deviation; 0 for one value
  double minimum = 0, q05 = 0, q25 = 0, median = 0, q75 = 0, q95 = 0, maximum = 0;
};
// Of finite values only; nothing where there are none.
std::optional<Distribution> distribution(std::vector<double> values);

}  // namespace vlrm
