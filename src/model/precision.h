// Where a model lives and in which types.
#pragma once

#include "model/aten.h"
#include "weights/dtype.h"

namespace vlrm {

// On a CPU all arithmetic is float32, whatever type the weight matrices are kept in: half types would be slower there
// on most machines, and less exact. On a GPU the arithmetic is that of the weights' type, as in the reference.
struct Precision {
  at::Device device = at::kCPU;
  Dtype storage = Dtype::f32;                // of weight matrices and embedding tables
  at::ScalarType storage_type = at::kFloat;  // the same, as libtorch calls it
  at::ScalarType compute_type = at::kFloat;  // of activations and weight vectors

  // Throws Error for a dtype that is no float, for a device that libtorch does not know and for one that is not there.
  static Precision of(const std::string& device, Dtype dtype);
};

// The other way round, of a type that weights are kept in.
Dtype dtype_of(at::ScalarType type);

}  // namespace vlrm
