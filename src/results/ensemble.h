// Several runs of one benchmark taken together, response by response: what merging their models is to be compared with.
#pragma once

#include <array>
#include <span>
#include <string_view>

#include "results/result_folder.h"

namespace vlrm {

enum class EnsembleMethod { mean, min };
struct EnsembleMethodName {
  EnsembleMethod method;
  std::string_view name;
};
inline constexpr std::array kEnsembleMethods{EnsembleMethodName{EnsembleMethod::mean, "mean"},
                                             EnsembleMethodName{EnsembleMethod::min, "min"}};

// A run whose scores are the mean, or the least, of the runs' scores of each response. A run's scores are normalised
// before: less their mean, over their (population) standard deviation, both of all its responses. The results are
// rounded to 5 decimals, as an evaluation's scores are, and the first of the largest is chosen. It has no path, and the
// label "mean(A, B)". Throws Error for fewer than two runs, for runs of different benchmarks or samples, and for a run
// with a missing score, a score that is not finite, or scores that are all equal.
RunResults ensemble(std::span<const RunResults> runs, EnsembleMethod method);

}  // namespace vlrm
