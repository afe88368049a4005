#include "merge/methods/inputs.h"

#include <algorithm>

#include "base/error.h"

namespace vlrm {

MergeInputs::MergeInputs(const TensorMerge& merge)
    : has_base_(merge.base != nullptr), elements_(merge.output.elements()) {
  const auto add = [&](const std::shared_ptr<const TensorReader>& tensor) {
    const TensorInfo& info = tensor->info();
    if (!is_float(info.dtype))
      fail("tensor {}: a merge needs float tensors, this one is {}", printable(info.name),
           safetensors_name(info.dtype));
    VLRM_ASSERT(info.elements() == elements_);
    sources_.push_back({tensor, info.dtype});
  };
  for (const auto& input : merge.inputs) add(input.tensor);
  if (has_base_) add(merge.base);
}

void MergeInputs::visit(int64_t first, int64_t count, const std::function<void(const Block&)>& visitor) const {
  const int64_t stretch = std::min(count, kStretch);
  std::vector<std::unique_ptr<std::byte[]>> raw;
  for (const Source& source : sources_)
    raw.push_back(std::make_unique_for_overwrite<std::byte[]>(static_cast<size_t>(stretch * size_of(source.dtype))));
  const auto values = std::make_unique_for_overwrite<float[]>(sources_.size() * kBlock);
  std::vector<float*> tensors;
  for (size_t i = 0; i < sources_.size(); ++i) tensors.push_back(values.get() + i * kBlock);

  Block block;
  if (has_base_) block.base = tensors.back();
  block.tensors = std::span<float* const>(tensors).first(models());
  for (int64_t at = first; at < first + count; at += stretch) {
    const int64_t length = std::min(stretch, first + count - at);
    for (size_t i = 0; i < sources_.size(); ++i) sources_[i].tensor->read(at, length, raw[i].get());
    for (int64_t offset = 0; offset < length; offset += kBlock) {
      block.first = at + offset;
      block.count = std::min(kBlock, length - offset);
      for (size_t i = 0; i < sources_.size(); ++i)
        to_float32(sources_[i].dtype, raw[i].get() + offset * size_of(sources_[i].dtype),
                   {tensors[i], static_cast<size_t>(block.count)});
      visitor(block);
    }
  }
}

}  // namespace vlrm
