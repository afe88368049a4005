#include "build/grown_rows.h"

#include <algorithm>

#include "base/error.h"
#include "merge/column_means.h"
#include "weights/views.h"

namespace vlrm {
namespace {

class GrownTensor : public TensorReader {
 public:
  GrownTensor(TensorInfo info, std::unique_ptr<TensorReader> source, std::vector<float> row)
      : info_(std::move(info)), source_(std::move(source)), row_(std::move(row)) {}
  const TensorInfo& info() const override { return info_; }
  void read(int64_t first, int64_t count, std::byte* out) const override {
    read_float32(first, count, reinterpret_cast<float*>(out));
  }
  void read_float32(int64_t first, int64_t count, float* out) const override {
    const int64_t there = std::clamp<int64_t>(source_->info().elements() - first, 0, count);
    if (there > 0) source_->read_float32(first, there, out);
    for (int64_t i = there; i < count; ++i) out[i] = row_[static_cast<size_t>((first + i) % info_.shape[1])];
  }

 private:
  const TensorInfo info_;
  const std::unique_ptr<TensorReader> source_;
  const std::vector<float> row_;
};

// The one matrix, grown.
class GrownMatrix : public Checkpoint {
 public:
  GrownMatrix(CheckpointPtr source, const std::string& name, int64_t rows, CheckpointPtr donor)
      : source_(std::move(source)),
        donor_(std::move(donor)),
        tensors_{{name, Dtype::f32, {rows, source_->info_or_throw(name).shape[1]}}} {}
  const std::vector<TensorInfo>& tensors() const override { return tensors_; }
  std::string description() const override { return source_->description(); }
  std::unique_ptr<TensorReader> prepare(std::string_view name) const override {
    const auto donor = donor_->prepare(name);
    return std::make_unique<GrownTensor>(tensors_[0], source_->prepare(name),
                                         column_means(*donor, donor->info().shape[0]));
  }

 private:
  const CheckpointPtr source_, donor_;
  const std::vector<TensorInfo> tensors_;
};

}  // namespace

CheckpointPtr with_rows(CheckpointPtr source, const std::string& name, int64_t rows, CheckpointPtr donor) {
  const auto& shape = source->info_or_throw(name).shape;
  const auto& donor_shape = donor->info_or_throw(name).shape;
  if (shape.size() != 2 || donor_shape.size() != 2 || shape[1] != donor_shape[1] || donor_shape[0] < 1)
    fail("tensor {} is {} in {} and {} in {}: these models do not fit together", name, shape_string(shape),
         source->description(), shape_string(donor_shape), donor->description());
  if (rows <= shape[0]) return with_first_rows(std::move(source), name, rows);
  auto grown = std::make_shared<GrownMatrix>(source, name, rows, std::move(donor));
  return overlay({std::move(source), std::move(grown)});
}

}  // namespace vlrm
