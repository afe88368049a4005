// A model of zeros, for what is applied to models.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "weights/checkpoint.h"

class Zeros final : public vlrm::Checkpoint {
 public:
  Zeros() {
    using vlrm::Dtype;
    for (const char* name : {"lm_head.weight", "model.embed_tokens.weight"})
      tensors_.push_back({name, Dtype::f32, {6, 2}});
    for (int layer = 0; layer < 3; ++layer)
      for (const char* name : {"mlp.weight", "norm.weight", "self_attn.weight"})
        tensors_.push_back({fmt::format("model.layers.{}.{}", layer, name), Dtype::bf16, {2, 2}});
    tensors_.push_back({"model.norm.weight", Dtype::f32, {2}});
    tensors_.push_back({"vision.layers.0.weight", Dtype::f16, {}});
    std::ranges::sort(tensors_, {}, &vlrm::TensorInfo::name);
  }
  const std::vector<vlrm::TensorInfo>& tensors() const override { return tensors_; }
  std::string description() const override { return "zeros"; }
  std::unique_ptr<vlrm::TensorReader> prepare(std::string_view name) const override {
    return std::make_unique<Reader>(info_or_throw(name));
  }

 private:
  class Reader final : public vlrm::TensorReader {
   public:
    explicit Reader(const vlrm::TensorInfo& info) : info_(info) {}
    const vlrm::TensorInfo& info() const override { return info_; }
    void read(int64_t, int64_t count, std::byte* out) const override {
      std::fill_n(out, count * size_of(info_.dtype), std::byte{0});
    }

   private:
    const vlrm::TensorInfo info_;
  };
  std::vector<vlrm::TensorInfo> tensors_;
};
