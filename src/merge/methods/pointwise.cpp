#include "merge/methods/pointwise.h"

#include <algorithm>

namespace vlrm {
namespace {

class PointwiseTensor final : public TensorReader {
 public:
  PointwiseTensor(TensorInfo output, std::shared_ptr<const MergeInputs> inputs, std::unique_ptr<Pointwise> pointwise)
      : output_(std::move(output)), inputs_(std::move(inputs)), pointwise_(std::move(pointwise)) {
    output_.dtype = Dtype::f32;
  }

  const TensorInfo& info() const override { return output_; }
  void read(int64_t first, int64_t count, std::byte* out) const override {
    read_float32(first, count, reinterpret_cast<float*>(out));
  }
  void read_float32(int64_t first, int64_t count, float* out) const override {
    if (inputs_->row() > 0) return read_rows(first, count, out);
    inputs_->visit(first, count, [&](const Block& block) { pointwise_->merge(block, out + (block.first - first)); });
  }

 private:
  // Of the rows at both ends only a part may be asked for.
  void read_rows(int64_t first, int64_t count, float* out) const {
    const int64_t row = inputs_->row(), end = first + count;
    const int64_t first_row = first / row * row, end_row = (end + row - 1) / row * row;
    std::vector<float> whole;
    inputs_->visit(first_row, end_row - first_row, [&](const Block& block) {
      const int64_t from = std::max(first, block.first), to = std::min(end, block.first + block.count);
      if (to - from == block.count) return pointwise_->merge(block, out + (from - first));
      whole.resize(static_cast<size_t>(row));
      pointwise_->merge(block, whole.data());
      std::copy_n(whole.begin() + (from - block.first), to - from, out + (from - first));
    });
  }

  TensorInfo output_;
  std::shared_ptr<const MergeInputs> inputs_;
  std::unique_ptr<Pointwise> pointwise_;
};

}  // namespace

std::unique_ptr<TensorReader> pointwise_tensor(const TensorInfo& output, std::shared_ptr<const MergeInputs> inputs,
                                               std::unique_ptr<Pointwise> pointwise) {
  return std::make_unique<PointwiseTensor>(output, std::move(inputs), std::move(pointwise));
}

}  // namespace vlrm
