#include "architecture/qwen3_vl/model/patch_encoder.h"

#include <algorithm>

#include "architecture/qwen3_vl/model/patch_positions.h"
#include "base/error.h"
#include "model/projection.h"

namespace vlrm {
namespace {

const std::string kVisual = "model.visual.";

}  // namespace

struct PatchEncoder::Embedding {
  at::Tensor weight, bias, positions;

  Embedding(const WeightReader& reader, const Qwen3VlVision& config)
      : weight(reader
                   .vector(kVisual + "patch_embed.proj.weight",
                           {config.hidden_size, 3, config.frames, config.patch_size, config.patch_size})
                   .view({config.hidden_size, -1})),
        bias(reader.vector(kVisual + "patch_embed.proj.bias", {config.hidden_size})),
        positions(reader.vector(kVisual + "pos_embed.weight", {config.positions, config.hidden_size})) {}
};

struct PatchEncoder::InProgress {
  at::Tensor hidden;
  Rope::Angles angles;
  std::vector<at::Tensor> features = {};  // one for each level but the first
};

PatchEncoder::PatchEncoder(Parts& parts, const Qwen3VlVision& config, int64_t output_size)
    : config_(config), output_size_(output_size), precision_(parts.reader().precision()), parts_(parts) {
  embedding_ = parts.add<Embedding>([=](const WeightReader& reader) { return Embedding(reader, config); });
  for (int64_t i = 0; i < config.layers; ++i)
    blocks_.push_back(parts.add<PatchBlock>([=](const WeightReader& reader) {
      return PatchBlock(reader, config, fmt::format("{}blocks.{}.", kVisual, i));
    }));
  const auto add_merger = [&](const std::string& prefix, PatchMerger::Norm norm) {
    return parts.add<PatchMerger>(
        [=](const WeightReader& reader) { return PatchMerger(reader, config, prefix, norm, output_size); });
  };
  for (size_t i = 0; i < config.deep_stack_layers.size(); ++i)
    deep_stack_mergers_.push_back(
        add_merger(fmt::format("{}deepstack_merger_list.{}.", kVisual, i), PatchMerger::Norm::of_block));
  merger_ = add_merger(kVisual + "merger.", PatchMerger::Norm::of_patch);
}

std::optional<size_t> PatchEncoder::merger_behind(int64_t layer) const {
  const auto found = std::ranges::find(config_.deep_stack_layers, layer);
  if (found == config_.deep_stack_layers.end()) return std::nullopt;
  return static_cast<size_t>(found - config_.deep_stack_layers.begin());
}

std::vector<size_t> PatchEncoder::order() const {
  std::vector<size_t> order{embedding_.index};
  for (int64_t i = 0; i < config_.layers; ++i) {
    order.push_back(blocks_[static_cast<size_t>(i)].index);
    if (const auto merger = merger_behind(i)) order.push_back(deep_stack_mergers_[*merger].index);
  }
  order.push_back(merger_.index);
  return order;
}

void PatchEncoder::check(const ProcessedImage& image) const {
  const Qwen2VlGrid grid = Qwen2VlGrid::of(image);
  const int64_t merged = config_.merge_size * config_.merge_size,
                pixels = grid.rows * grid.columns * 3 * config_.patch_size * config_.patch_size;
  if (grid.patch_size != config_.patch_size || grid.merge_size != config_.merge_size || grid.rows < 1 ||
      grid.columns < 1 || image.tokens * merged != grid.rows * grid.columns || std::ssize(image.pixels) != pixels)
    fail(
        "an image was cut into patches of {} pixels, {} by {} of them a token, but the model takes patches of {}, {} "
        "by "
        "{}: preprocessor_config.json and config.json do not belong together",
        grid.patch_size, grid.merge_size, grid.merge_size, config_.patch_size, config_.merge_size, config_.merge_size);
}

PatchEncoder::InProgress PatchEncoder::embedded(const ProcessedImage& image, const Embedding& embedding) const {
  const Qwen2VlGrid grid = Qwen2VlGrid::of(image);
  const int64_t patches = grid.rows * grid.columns, area = config_.patch_size * config_.patch_size;
  const at::Tensor pixels = at::from_blob(const_cast<float*>(image.pixels.data()), {patches, 3, 1, area})
                                .to(precision_.device, precision_.compute_type)
                                .expand({patches, 3, config_.frames, area})
                                .reshape({patches, 3 * config_.frames * area});
  at::Tensor hidden = project(pixels, embedding.weight, embedding.bias);
  hidden.add_(interpolated_positions(embedding.positions, grid).to(precision_.compute_type));
  return {hidden, patch_angles(grid, config_.hidden_size / config_.attention_heads, precision_.device)};
}

std::vector<at::Tensor> PatchEncoder::encode(std::span<const ProcessedImage* const> images) const {
  for (const ProcessedImage* image : images) check(*image);
  std::vector<InProgress> progress;
  {
    const auto embedding = parts_.use(embedding_);
    for (const ProcessedImage* image : images) progress.push_back(embedded(*image, *embedding));
  }
  for (int64_t i = 0; i < config_.layers; ++i) {
    {
      const auto block = parts_.use(blocks_[static_cast<size_t>(i)]);
      for (const InProgress& image : progress) block->forward(image.hidden, image.angles);
    }
    const auto number = merger_behind(i);
    if (!number) continue;
    const auto merger = parts_.use(deep_stack_mergers_[*number]);
    for (InProgress& image : progress) image.features.push_back((*merger)(image.hidden));
  }
  const auto merger = parts_.use(merger_);
  std::vector<at::Tensor> result;
  for (InProgress& image : progress) {
    image.features.insert(image.features.begin(), (*merger)(image.hidden));
    result.push_back(at::cat(image.features));
    image = {};
  }
  return result;
}

}  // namespace vlrm
