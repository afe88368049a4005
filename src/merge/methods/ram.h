// What ram and ramplus_tl share: Reinforced Agent Merging (arXiv 2601.13572). A delta counts where its magnitude is
// above epsilon; where several models' do they are averaged, where one's alone does it is taken whole, times the
// model's factor.
#pragma once

#include <vector>

#include "merge/methods/inputs.h"

namespace vlrm {

// out = base + Σ of the deltas that count. `alone` has each model's factor.
void add_what_counts(const Block& block, float epsilon, const std::vector<float>& alone, float* out);

inline constexpr MethodParameter kCounts{.name = "epsilon", .kind = ParameterKind::not_negative, .default_value = 1e-5};

}  // namespace vlrm
