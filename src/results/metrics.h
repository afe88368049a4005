// The benchmarks' own figures, summed in file order as the reference's scripts sum them, so that they agree to the last
// digit.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "results/result_folder.h"

namespace vlrm {

// The score that two responses are compared by, as in the reference: rounded to 5 decimals as Python's round does.
double rounded_score(double score);

// A sum of correctness over rows.
struct Tally {
  double correct = 0;
  int64_t count = 0;
  void add(double correctness);
  std::optional<double> fraction() const;  // correct / count; nothing where there are no rows
};

// What the model chose, by group and of all rows.
struct ChoiceSummary {
  std::vector<Tally> groups;
  Tally overall;  // no rows where nothing was scored
  // The mean of the groups' fractions, summed from the last group to the first, as the reference does; nothing where
  // there are no groups, or one is empty.
  std::optional<double> macro() const;
};

// What a benchmark's figures are means of, by group (in one group where it has none): a row's correctness of what was
// chosen, or a unit's value. Rows without scores and ties count nowhere.
std::vector<std::vector<double>> values_by_group(std::span<const Outcome> outcomes, const BenchmarkKind& kind);

// Of each unit of rows: 1 if all of them are right, else 0 (MM-RLHF's ACC+, arXiv 2502.10391).
std::vector<double> all_right_values(std::span<const Outcome> outcomes, const BenchmarkKind& kind);

struct BestOfNSummary {
  Tally pass_1;        // the first response
  Tally pass_n;        // the best of all
  Tally random_drawn;  // the reference's draw: CPython's generator seeded with 0, one choice a row
  Tally random;        // the exact expectation of a draw
};

ChoiceSummary summarize_choices(const std::vector<Outcome>& outcomes, size_t groups);
BestOfNSummary summarize_best_of_n(const std::vector<Outcome>& outcomes);

// Of one row: the correctness of what was chosen, and the mean over its responses.
double chosen_correctness(const Outcome& outcome);
double mean_correctness(const Outcome& outcome);

// In percent, rounded as the reference's scripts round: accuracy's multiplies before it divides.
std::optional<double> percent(const std::optional<double>& fraction);
std::optional<double> accuracy_percent(const Tally& tally);

}  // namespace vlrm
