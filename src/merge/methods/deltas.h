// Passes over all deltas of a tensor, for what a method must know before its pointwise pass.
#pragma once

#include <algorithm>

#include "merge/methods/inputs.h"

namespace vlrm {

// The unit of work of such a pass: results that are kept by stretch and put together in order do not depend on threads.
constexpr int64_t kStretch = 64 * 1024;

inline int64_t stretch_count(const MergeInputs& inputs) {
  return (inputs.elements() + kStretch - 1) / kStretch;
}

template <class Visitor>
void visit_stretch(const MergeInputs& inputs, int64_t stretch, const Visitor& visitor) {
  const int64_t first = stretch * kStretch;
  inputs.visit(first, std::min(kStretch, inputs.elements() - first), visitor);
}

}  // namespace vlrm
