#include "merge/methods/inputs.h"

#include <algorithm>

#include "base/error.h"
#include "weights/chunks.h"

namespace vlrm {
namespace {

// Floats between the blocks of two tensors: a distance of whole pages would put them into the same few cache sets.
constexpr int64_t kPadding = 48;

}  // namespace

MergeInputs::MergeInputs(const TensorMerge& merge, const Options& options)
    : has_base_(merge.base != nullptr), options_(options), elements_(merge.output.elements()) {
  VLRM_ASSERT(options.row == 0 || elements_ % options.row == 0);
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

// What is read at once: whole blocks.
int64_t MergeInputs::piece() const {
  return std::max(block(), kPieceElements / block() * block());
}

std::unique_ptr<MergeInputs::Scratch> MergeInputs::take_scratch() const {
  if (auto scratch = scratch_.take()) return scratch;
  auto scratch = std::make_unique<Scratch>();
  const int64_t raw = std::min(elements_, piece()), values = std::min(elements_, block()) + kPadding;
  scratch->values = std::make_unique_for_overwrite<float[]>(sources_.size() * static_cast<size_t>(values));
  for (const Source& source : sources_) {
    scratch->converted.push_back(scratch->values.get() + static_cast<int64_t>(scratch->raw.size()) * values);
    scratch->raw.push_back(
        std::make_unique_for_overwrite<std::byte[]>(static_cast<size_t>(raw * size_of(source.dtype))));
  }
  scratch->block = scratch->converted;
  return scratch;
}

// The elements from `offset` of the piece as float32: values that are that already stay where they were read.
void MergeInputs::convert(Scratch& scratch, int64_t offset, int64_t count) const {
  const auto raw = [&](size_t i) { return scratch.raw[i].get() + offset * size_of(sources_[i].dtype); };
  const auto place = [&](size_t i) { return std::span(scratch.converted[i], static_cast<size_t>(count)); };
  const auto values = [&](size_t i) {
    if (sources_[i].dtype == Dtype::f32) return reinterpret_cast<float*>(raw(i));
    to_float32(sources_[i].dtype, raw(i), place(i));
    return scratch.converted[i];
  };
  if (has_base_) scratch.block.back() = values(columns());
  for (size_t i = 0; i < columns(); ++i) {
    if (has_base_ && options_.deltas) {
      to_float32_less(sources_[i].dtype, raw(i), scratch.block.back(), place(i));
    } else {
      scratch.block[i] = values(i);
    }
  }
}

void MergeInputs::visit(int64_t first, int64_t count, const Visitor& visitor) const {
  VLRM_ASSERT(options_.row == 0 || (first % options_.row == 0 && count % options_.row == 0));
  auto scratch = take_scratch();
  Block block;
  block.tensors = std::span<float* const>(scratch->block).first(columns());
  for (int64_t at = first; at < first + count; at += piece()) {
    const int64_t length = std::min(piece(), first + count - at);
    for (size_t i = 0; i < sources_.size(); ++i) sources_[i].tensor->read(at, length, scratch->raw[i].get());
    for (int64_t offset = 0; offset < length; offset += this->block()) {
      block.first = at + offset;
      block.count = std::min(this->block(), length - offset);
      convert(*scratch, offset, block.count);
      if (has_base_) block.base = scratch->block.back();
      visitor(block);
    }
  }
  scratch_.give_back(std::move(scratch));
}

void DerivedColumn::visit(int64_t first, int64_t count, const Visitor& visitor) const {
  std::vector<float> values(static_cast<size_t>(std::max(row(), kBlock)));
  float* const column = values.data();
  source_->visit(first, count, [&](const Block& block) {
    compute_(block, column);
    visitor({block.first, block.count, nullptr, std::span(&column, 1)});
  });
}

int64_t row_length(const TensorInfo& tensor) {
  return tensor.shape.empty() ? 1 : tensor.shape.back();
}

}  // namespace vlrm
