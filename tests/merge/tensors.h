// Tensors in memory, and how far two floats are apart.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "merge/method.h"
#include "weights/checkpoint.h"

namespace vlrm::testing {

class MemoryTensor final : public TensorReader {
 public:
  MemoryTensor(std::string name, const std::vector<float>& values, Dtype dtype, std::vector<int64_t> shape)
      : info_{std::move(name), dtype, std::move(shape)}, bytes_(values.size() * static_cast<size_t>(size_of(dtype))) {
    from_float32(values, dtype, bytes_.data());
  }
  const TensorInfo& info() const override { return info_; }
  void read(int64_t first, int64_t count, std::byte* out) const override {
    const int64_t size = size_of(info_.dtype);
    std::memcpy(out, bytes_.data() + first * size, static_cast<size_t>(count * size));
  }

 private:
  TensorInfo info_;
  std::vector<std::byte> bytes_;
};

// A vector, or a matrix with rows of `columns`.
inline std::shared_ptr<const TensorReader> tensor(const std::vector<float>& values, Dtype dtype = Dtype::f32,
                                                  int64_t columns = 0) {
  const auto count = static_cast<int64_t>(values.size());
  const std::vector<int64_t> shape = columns > 0 ? std::vector{count / columns, columns} : std::vector{count};
  return std::make_shared<MemoryTensor>("model.layers.0.w", values, dtype, shape);
}

// Weights are 1 where an input has none; nothing is normalized.
inline TensorMerge merge_of(const std::string& method, std::shared_ptr<const TensorReader> base,
                            std::vector<TensorMerge::Input> inputs) {
  TensorMerge merge;
  merge.output = inputs.at(0).tensor->info();
  merge.output.dtype = Dtype::f32;
  merge.method = &merge_method_or_throw(method);
  for (size_t i = 0; i < inputs.size(); ++i) {
    inputs[i].model = static_cast<int>(i);
    if (!inputs[i].parameters.find("weight")) inputs[i].parameters.set("weight", 1);
  }
  merge.parameters.set("normalize", 0);
  merge.inputs = std::move(inputs);
  merge.base = std::move(base);
  return merge;
}

inline std::vector<float> read_all(const TensorReader& tensor, int64_t chunk = 1 << 16) {
  std::vector<float> values(static_cast<size_t>(tensor.info().elements()));
  const auto elements = static_cast<int64_t>(values.size());
  for (int64_t first = 0; first < elements; first += chunk)
    tensor.read_float32(first, std::min(chunk, elements - first), values.data() + first);
  return values;
}

inline std::vector<float> merged(TensorMerge merge, int64_t chunk = 1 << 16) {
  return read_all(*merge_tensor(std::move(merge)), chunk);
}

// Steps between two floats in their order; 0 and −0 are the same.
inline int64_t ulps_apart(float a, float b) {
  const auto rank = [](float value) -> int64_t {
    const auto bits = std::bit_cast<uint32_t>(value);
    const auto magnitude = static_cast<int64_t>(bits & 0x7FFFFFFFu);
    return bits >> 31 ? -magnitude : magnitude;
  };
  return std::abs(rank(a) - rank(b));
}

}  // namespace vlrm::testing
