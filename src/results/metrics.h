// The benchmarks' own figures, summed in file order as the reference's scripts sum them, so that they agree to the last
// digit.
#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "results/result_folder.h"

namespace vlrm {

// The score that two responses are compared by, as in the reference: rounded to 5 decimals as Python's round does.
double rounded_score(double score);

// A sum of correctness over rows.
struct Share {
  double correct = 0;
  int64_t count = 0;
  void add(double correctness);
  std::optional<double> fraction() const;  // correct / count; nothing where there are no rows
};

// VL-RewardBench's groups, in the order of the paper's columns.
enum class Group { general, hallucination, reasoning };
inline constexpr std::array<std::string_view, 3> kGroupNames = {"General", "Hallucination", "Reasoning"};
// Reasoning if the id holds mmmu_pro or mathverse; else hallucination if it holds hallucination_pair, RLAIF-V or
// RLHF-V; else general.
Group group_of(std::string_view id);

struct VlRewardBenchSummary {
  std::array<Share, 3> groups;  // by Group
  Share overall;
  std::optional<double> macro() const;  // the mean of the groups' fractions; nothing where one is empty
};

struct BestOfNSummary {
  Share pass_1;        // the first response
  Share pass_n;        // the best of all
  Share random_drawn;  // the reference's draw: CPython's generator seeded with 0, one choice a row
  Share random;        // the exact expectation of a draw
  Share chosen;        // the response of the highest score, the first of equals; no rows where nothing was scored
  size_t fewest = 0, most = 0;  // responses a row
};

VlRewardBenchSummary summarize_vl_rewardbench(const std::vector<Outcome>& outcomes);
Share summarize_pairs(const std::vector<Outcome>& outcomes);  // RLAIF-V
BestOfNSummary summarize_best_of_n(const std::vector<Outcome>& outcomes);

// Of one row: the correctness of what was chosen, and the mean over its responses.
double chosen_correctness(const Outcome& outcome);
double mean_correctness(const Outcome& outcome);

// In percent, rounded as the reference's scripts round: RLAIF-V's multiplies before it divides.
std::optional<double> percent(const std::optional<double>& fraction);
std::optional<double> percent_of_pairs(const Share& share);

}  // namespace vlrm
