// What the methods share that merge task vectors, the models' deltas from the base (arXiv 2212.04089): deltas are
// sparsified, weighted, added up or elected, normalized, multiplied by lambda, and added to the base.
#pragma once

#include <array>

#include "merge/methods/combine.h"
#include "merge/methods/magnitude_cut.h"
#include "merge/methods/parameters.h"
#include "merge/methods/pointwise.h"

namespace vlrm {

// Which deltas stay, and how large.
class Sparsifier {
 public:
  virtual ~Sparsifier() = default;
  virtual void apply(const Block& block) const = 0;
};

enum class Mix {
  sum,   // Σ w·delta
  elect  // of these only those with the elected sign (see elect_and_sum)
};

// Reads the merge's weight, normalize and lambda. Without a sparsifier all deltas stay.
std::unique_ptr<TensorReader> task_vector_tensor(const TensorMerge& merge, std::shared_ptr<const MergeInputs> inputs,
                                                 std::unique_ptr<const Sparsifier> sparsifier, Mix mix);

// How much the deltas that stay make up for those that do not.
enum class RescaleNorm {
  none,
  l1,      // multiplied so that their magnitudes sum to what they did before
  density  // divided by the probability that they had to stay, as in DARE's and DELLA's papers
};
inline constexpr std::array<std::string_view, 3> kRescaleNorms{"none", "l1", "density"};

// Beside mergekit's `rescale`, which alone stands for the method's default norm; where a recipe has it, it says it all.
// The default norm is l1 for what is kept by magnitude, density for what is kept by chance.
inline constexpr MethodParameter kRescaleNormOfMagnitudes{.name = "rescale_norm",
                                                          .kind = ParameterKind::choice,
                                                          .default_value = static_cast<double>(RescaleNorm::l1),
                                                          .choices = std::span(kRescaleNorms).first(2)};
inline constexpr MethodParameter kRescaleNormOfDraws{.name = "rescale_norm",
                                                     .kind = ParameterKind::choice,
                                                     .default_value = static_cast<double>(RescaleNorm::density),
                                                     .choices = kRescaleNorms};
RescaleNorm rescale_norm_of(const TensorMerge& merge);

// `sparsifier`, followed by the factor of RescaleNorm::l1 (1 where either sum is next to nothing). One pass over the
// inputs.
std::unique_ptr<const Sparsifier> with_l1_norm(std::unique_ptr<const Sparsifier> sparsifier, const MergeInputs& inputs);

}  // namespace vlrm
