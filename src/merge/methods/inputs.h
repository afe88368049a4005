// The tensors that a merge reads, in step and in pieces that stay in the cache.
#pragma once

#include <functional>
#include <span>

#include "base/pool.h"
#include "merge/method.h"

namespace vlrm {

// Columns of as many values each, computed together, block by block.
class BlockSource {
 public:
  // The same elements of all columns. The columns may be overwritten: they are the visitor's scratch.
  struct Block {
    int64_t first = 0, count = 0;
    const float* base = nullptr;  // of a merge that has one
    std::span<float* const> tensors;
  };
  using Visitor = std::function<void(const Block&)>;
  static constexpr int64_t kBlock = 2048;  // elements; the blocks of three tensors fit the first-level cache

  virtual ~BlockSource() = default;
  virtual int64_t elements() const = 0;
  virtual size_t columns() const = 0;
  // Where blocks are rows: a row's elements. Else 0: blocks have at most kBlock.
  virtual int64_t row() const { return 0; }
  // Visits elements [first, first + count) in order, whole rows where blocks are rows. From any thread.
  virtual void visit(int64_t first, int64_t count, const Visitor& visitor) const = 0;
};

using Block = BlockSource::Block;

// A column for each of a merge's inputs: its deltas x − base, or, without a base, its values.
class MergeInputs final : public BlockSource {
 public:
  struct Options {
    bool deltas = true;  // false: the values, though there is a base
    int64_t row = 0;     // above 0: blocks are rows of so many elements
  };
  explicit MergeInputs(const TensorMerge& merge) : MergeInputs(merge, Options{}) {}
  MergeInputs(const TensorMerge& merge, const Options& options);
  int64_t elements() const override { return elements_; }
  size_t columns() const override { return sources_.size() - (has_base_ ? 1 : 0); }
  int64_t row() const override { return options_.row; }
  void visit(int64_t first, int64_t count, const Visitor& visitor) const override;

 private:
  struct Source {
    std::shared_ptr<const TensorReader> tensor;
    Dtype dtype;
  };
  // What a thread reads and converts into.
  struct Scratch {
    std::vector<std::unique_ptr<std::byte[]>> raw;
    std::unique_ptr<float[]> values;
    std::vector<float*> converted;  // each source's place in `values`
    std::vector<float*> block;      // each source's block: its `converted`, or, of float32, where it was read
  };
  int64_t block() const { return options_.row > 0 ? options_.row : kBlock; }
  int64_t piece() const;
  std::unique_ptr<Scratch> take_scratch() const;
  void convert(Scratch& scratch, int64_t offset, int64_t count) const;

  std::vector<Source> sources_;  // the base last
  bool has_base_;
  Options options_;
  int64_t elements_;
  mutable Pool<Scratch> scratch_;
};

// One column, computed from the blocks of another source.
class DerivedColumn final : public BlockSource {
 public:
  using Compute = std::function<void(const Block& block, float* out)>;
  DerivedColumn(std::shared_ptr<const BlockSource> source, Compute compute)
      : source_(std::move(source)), compute_(std::move(compute)) {}
  int64_t elements() const override { return source_->elements(); }
  size_t columns() const override { return 1; }
  int64_t row() const override { return source_->row(); }
  void visit(int64_t first, int64_t count, const Visitor& visitor) const override;

 private:
  std::shared_ptr<const BlockSource> source_;
  Compute compute_;
};

// The length of a row: the last dimension. A vector is one row, a scalar too.
int64_t row_length(const TensorInfo& tensor);

}  // namespace vlrm
