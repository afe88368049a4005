// Merge methods: from several models' versions of one tensor to one, in float32.
//
// A method is a reduction over whole tensors (what it must know first; often nothing), then a pointwise pass over
// chunks. Methods: linear (model soups, arXiv 2203.05482), task_arithmetic (2212.04089), ties (2306.01708),
// dare_linear and dare_ties (2311.03099).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "merge/masks.h"
#include "weights/checkpoint.h"

namespace vlrm {

enum class MergeMethod { linear, task_arithmetic, ties, dare_linear, dare_ties };

// "ties" and so on. Throws Error suggesting the nearest, or listing the known names.
MergeMethod merge_method_or_throw(const std::string& name);
std::string_view merge_method_name(MergeMethod method);
// Whether density and rescale mean anything to it: they do for ties and dare_*.
bool drops_deltas(MergeMethod method);
// Whether `density` leaves a tensor of so many elements any delta at all; what keeps none would silently be the base.
bool keeps_something(MergeMethod method, double density, int64_t elements);

// How DARE makes up for the elements it drops: the paper's 1/density, or nothing. (mergekit's `rescale`.)
enum class Rescale { density, none };

// Everything that makes one output tensor. All readers have the same shape.
struct TensorMerge {
  struct Input {
    std::shared_ptr<const TensorReader> tensor = nullptr;
    double weight = 1;
    double density = 1;                                 // of ties and dare_*; see keeps_something
    int model = 0;                                      // position in the recipe: keys the random masks
    std::shared_ptr<const ElementMask> mask = nullptr;  // what dare_* keeps of it; null: drawn, see merge_tensor
  };
  TensorInfo output;  // float32
  MergeMethod method = MergeMethod::linear;
  std::vector<Input> inputs;                 // in the recipe's order; not the base
  std::shared_ptr<const TensorReader> base;  // null for linear
  bool normalize = false;
  Rescale rescale = Rescale::density;  // of dare_*
  bool rescale_ties = false;           // ties with rescale: kept deltas scaled to the L1 norm they had before
  uint64_t seed = 0;
};

// Does the reduction and gives the tensor, to be read in chunks from any thread; same bytes whatever the chunks. The
// masks of dare_* come from a counter-based generator keyed by (seed, model, tensor name, element). Throws Error for
// weights of a normalized linear merge that sum to 0, and whatever the inputs throw.
std::unique_ptr<TensorReader> merge_tensor(const TensorMerge& merge);

}  // namespace vlrm
