#include "merge/methods/inputs.h"

#include <algorithm>

#include "base/error.h"
#include "weights/chunks.h"

namespace vlrm {
namespace {

// Floats between the blocks of two tensors: a distance of whole pages would put them into the same few cache sets.
constexpr int64_t kPadding = 48;

}  // namespace

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

std::unique_ptr<MergeInputs::Scratch> MergeInputs::take_scratch() const {
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      auto scratch = std::move(idle_.back());
      idle_.pop_back();
      return scratch;
    }
  }
  auto scratch = std::make_unique<Scratch>();
  const int64_t piece = std::min(elements_, kPieceElements), block = std::min(elements_, kBlock) + kPadding;
  scratch->values = std::make_unique_for_overwrite<float[]>(sources_.size() * static_cast<size_t>(block));
  for (const Source& source : sources_) {
    scratch->tensors.push_back(scratch->values.get() + static_cast<int64_t>(scratch->raw.size()) * block);
    scratch->raw.push_back(
        std::make_unique_for_overwrite<std::byte[]>(static_cast<size_t>(piece * size_of(source.dtype))));
  }
  return scratch;
}

void MergeInputs::visit(int64_t first, int64_t count, const std::function<void(const Block&)>& visitor) const {
  auto scratch = take_scratch();
  Block block;
  if (has_base_) block.base = scratch->tensors.back();
  block.tensors = std::span<float* const>(scratch->tensors).first(models());
  for (int64_t at = first; at < first + count; at += kPieceElements) {
    const int64_t length = std::min(kPieceElements, first + count - at);
    for (size_t i = 0; i < sources_.size(); ++i) sources_[i].tensor->read(at, length, scratch->raw[i].get());
    for (int64_t offset = 0; offset < length; offset += kBlock) {
      block.first = at + offset;
      block.count = std::min(kBlock, length - offset);
      const auto raw = [&](size_t i) { return scratch->raw[i].get() + offset * size_of(sources_[i].dtype); };
      const auto values = [&](size_t i) { return std::span(scratch->tensors[i], static_cast<size_t>(block.count)); };
      if (has_base_) to_float32(sources_.back().dtype, raw(models()), values(models()));
      for (size_t i = 0; i < models(); ++i) {
        if (has_base_) {
          to_float32_less(sources_[i].dtype, raw(i), block.base, values(i));
        } else {
          to_float32(sources_[i].dtype, raw(i), values(i));
        }
      }
      visitor(block);
    }
  }
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(scratch));
}

}  // namespace vlrm
