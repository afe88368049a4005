// Tensors of a lazy checkpoint, as libtorch's.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "model/precision.h"
#include "model/uploader.h"
#include "weights/checkpoint.h"

namespace vlrm {

// Every function throws Error naming tensor and checkpoint where a tensor is not as asked for.
class WeightReader {
 public:
  WeightReader(CheckpointPtr checkpoint, Precision precision)
      : checkpoint_(std::move(checkpoint)),
        precision_(precision),
        uploader_(std::make_shared<Uploader>(precision.device)) {}

  // A reader that checks what it is asked for and reads nothing: its tensors have shapes, but no values.
  WeightReader shapes_only() const;

  const Precision& precision() const { return precision_; }
  const Checkpoint& checkpoint() const { return *checkpoint_; }

  // Throws Error where the tensor is missing, is no float or has another shape.
  void require(const std::string& name, const std::vector<int64_t>& shape) const;

  struct Rows {
    std::string name;
    int64_t rows = 0;
  };
  // [Σ rows, columns] in the storage type: several matrices below each other, so that one product computes them all.
  at::Tensor matrix(const std::vector<Rows>& parts, int64_t columns) const;
  at::Tensor matrix(const std::string& name, int64_t rows, int64_t columns) const {
    return matrix({{name, rows}}, columns);
  }
  // In the compute type, of the given shape.
  at::Tensor vector(const std::string& name, const std::vector<int64_t>& shape) const;
  // A tensor of one element.
  double scalar(const std::string& name) const;
  // Rows `ids` of the matrix `name`, [ids, columns] in the compute type, without reading the others. The ids must be
  // within.
  at::Tensor gather_rows(const std::string& name, const std::vector<int64_t>& ids, int64_t columns) const;

 private:
  // The tensors `names` one behind the other, as one of `shape` and `type` on the device.
  at::Tensor read(const std::vector<std::string>& names, const std::vector<int64_t>& shape, at::ScalarType type) const;

  CheckpointPtr checkpoint_;
  Precision precision_;
  std::shared_ptr<Uploader> uploader_;
  bool shapes_only_ = false;
};

}  // namespace vlrm
