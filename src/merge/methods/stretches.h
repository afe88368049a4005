// Passes over all elements of a source, for what a method must know before its pointwise pass.
#pragma once

#include <algorithm>

#include "base/threads.h"
#include "merge/methods/inputs.h"

namespace vlrm {

// The unit of work of such a pass, whole rows where blocks are rows: results that are kept by stretch and put together
// in order do not depend on threads.
constexpr int64_t kStretch = 64 * 1024;

inline int64_t stretch_length(const BlockSource& source) {
  return source.row() == 0 ? kStretch : std::max<int64_t>(1, kStretch / source.row()) * source.row();
}

inline int64_t stretch_count(const BlockSource& source) {
  const int64_t length = stretch_length(source);
  return (source.elements() + length - 1) / length;
}

template <class Visitor>
void visit_stretch(const BlockSource& source, int64_t stretch, const Visitor& visitor) {
  const int64_t length = stretch_length(source), first = stretch * length;
  source.visit(first, std::min(length, source.elements() - first), visitor);
}

// The sum over all blocks of what `add(block, sum)` adds up, a Sum with +=: stretches by themselves, then in order.
template <class Sum, class Add>
Sum sum_over(const BlockSource& source, const Sum& zero, const Add& add) {
  std::vector<Sum> sums(static_cast<size_t>(stretch_count(source)), zero);
  parallel_for(stretch_count(source), [&](int64_t stretch) {
    visit_stretch(source, stretch, [&](const Block& block) { add(block, sums[static_cast<size_t>(stretch)]); });
  });
  Sum total = zero;
  for (const Sum& sum : sums) total += sum;
  return total;
}

}  // namespace vlrm
