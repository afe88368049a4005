#include "merge/methods/pointwise.h"

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
    inputs_->visit(first, count,
                   [&](const MergeInputs::Block& block) { pointwise_->merge(block, out + (block.first - first)); });
  }

 private:
  TensorInfo output_;
  std::shared_ptr<const MergeInputs> inputs_;
  std::unique_ptr<Pointwise> pointwise_;
};

}  // namespace

std::unique_ptr<TensorReader> pointwise_tensor(TensorInfo output, std::shared_ptr<const MergeInputs> inputs,
                                               std::unique_ptr<Pointwise> pointwise) {
  return std::make_unique<PointwiseTensor>(std::move(output), std::move(inputs), std::move(pointwise));
}

}  // namespace vlrm
