// The tensors that a merge reads, in step and in pieces that stay in the cache.
#pragma once

#include <functional>
#include <mutex>
#include <span>

#include "merge/method.h"

namespace vlrm {

class MergeInputs {
 public:
  // The same stretch of all tensors as float32. It may be overwritten: it is the visitor's scratch.
  struct Block {
    int64_t first = 0, count = 0;
    const float* base = nullptr;      // null where the merge has none
    std::span<float* const> tensors;  // the deltas x − base; without a base the values themselves
  };
  static constexpr int64_t kBlock = 2048;  // elements; the blocks of three tensors fit the first-level cache

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
  // What a thread reads and converts into. Kept for the next visit: fresh memory costs a page fault every 4 KiB.
  struct Scratch {
    std::vector<std::unique_ptr<std::byte[]>> raw;
    std::unique_ptr<float[]> values;
    std::vector<float*> tensors;
  };
  std::unique_ptr<Scratch> take_scratch() const;

  std::vector<Source> sources_;  // the base last
  bool has_base_;
  int64_t elements_;
  mutable std::mutex mutex_;
  mutable std::vector<std::unique_ptr<Scratch>> idle_;
};

}  // namespace vlrm
