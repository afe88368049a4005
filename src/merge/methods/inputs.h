// The tensors that a merge reads, in step and in pieces that stay in the cache.
#pragma once

#include <functional>
#include <span>

#include "merge/method.h"

namespace vlrm {

class MergeInputs {
 public:
  // The same stretch of all tensors as float32. It may be overwritten: it is the visitor's scratch.
  struct Block {
    int64_t first = 0, count = 0;
    const float* base = nullptr;  // null where the merge has none
    std::span<float* const> tensors;
  };
  static constexpr int64_t kBlock = 2048;       // elements; the blocks of three tensors fit the first-level cache
  static constexpr int64_t kStretch = 1 << 16;  // elements read from a source at once

  explicit MergeInputs(const TensorMerge& merge);
  int64_t elements() const { return elements_; }
  size_t models() const { return sources_.size() - (has_base_ ? 1 : 0); }

  // Visits elements [first, first + count) in order. From any thread.
  void visit(int64_t first, int64_t count, const std::function<void(const Block&)>& visitor) const;

 private:
  struct Source {
    std::shared_ptr<const TensorReader> tensor;
    Dtype dtype;
  };
  std::vector<Source> sources_;  // the base last
  bool has_base_;
  int64_t elements_;
};

}  // namespace vlrm
