// A checkpoint in memory.
#pragma once

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "weights/checkpoint.h"

namespace vlrm::testing {

class MemoryCheckpoint : public Checkpoint {
 public:
  explicit MemoryCheckpoint(std::string description = "memory") : description_(std::move(description)) {}

  MemoryCheckpoint& add(const std::string& name, std::vector<int64_t> shape, const std::vector<float>& values,
                        Dtype dtype = Dtype::f32) {
    TensorInfo info{name, dtype, std::move(shape)};
    std::vector<std::byte> bytes(static_cast<size_t>(info.bytes()));
    if (is_float(dtype)) from_float32(values, dtype, bytes.data());
    bytes_[name] = std::make_shared<std::vector<std::byte>>(std::move(bytes));
    tensors_.push_back(std::move(info));
    std::ranges::sort(tensors_, {}, &TensorInfo::name);
    return *this;
  }
  // Values that differ from element to element.
  MemoryCheckpoint& add_counting(const std::string& name, std::vector<int64_t> shape, float first = 0) {
    std::vector<float> values(static_cast<size_t>(TensorInfo{name, Dtype::f32, shape}.elements()));
    std::iota(values.begin(), values.end(), first);
    return add(name, std::move(shape), values);
  }

  const std::vector<TensorInfo>& tensors() const override { return tensors_; }
  std::string description() const override { return description_; }
  std::unique_ptr<TensorReader> prepare(std::string_view name) const override {
    return std::make_unique<Reader>(info_or_throw(name), bytes_.at(std::string(name)));
  }

 private:
  class Reader : public TensorReader {
   public:
    Reader(TensorInfo info, std::shared_ptr<std::vector<std::byte>> bytes)
        : info_(std::move(info)), bytes_(std::move(bytes)) {}
    const TensorInfo& info() const override { return info_; }
    void read(int64_t first, int64_t count, std::byte* out) const override {
      const int64_t size = size_of(info_.dtype);
      std::memcpy(out, bytes_->data() + first * size, static_cast<size_t>(count * size));
    }

   private:
    const TensorInfo info_;
    const std::shared_ptr<std::vector<std::byte>> bytes_;
  };

  const std::string description_;
  std::vector<TensorInfo> tensors_;
  std::map<std::string, std::shared_ptr<std::vector<std::byte>>> bytes_;
};

}  // namespace vlrm::testing
