#include "model/patch_encoder.h"

#include <algorithm>

#include "base/error.h"
#include "model/patch_places.h"
#include "model/projection.h"

namespace vlrm {
namespace {

constexpr int64_t kTokensOfLargeImage = 4096;  // of four million pixels

std::string tensors_of(const PatchVision& config) {
  return std::string(config.form.prefix);
}

}  // namespace

struct PatchEncoder::Embedding {
  at::Tensor weight, bias, positions;  // the latter two where the family has them

  Embedding(const WeightReader& reader, const PatchVision& config)
      : weight(reader
                   .vector(tensors_of(config) + "patch_embed.proj.weight",
                           {config.hidden_size, 3, config.frames, config.patch_size, config.patch_size})
                   .view({config.hidden_size, -1})) {
    if (config.form.patch_bias)
      bias = reader.vector(tensors_of(config) + "patch_embed.proj.bias", {config.hidden_size});
    if (config.positions > 0)
      positions = reader.vector(tensors_of(config) + "pos_embed.weight", {config.positions, config.hidden_size});
  }
};

struct PatchEncoder::InProgress {
  at::Tensor hidden;
  PatchPlaces places;
  Rope::Angles angles;
  std::vector<at::Tensor> features = {};  // one for each level but the first
};

PatchEncoder::PatchEncoder(Parts& parts, const PatchVision& config, int64_t output_size)
    : config_(config), output_size_(output_size), precision_(parts.reader().precision()), parts_(parts) {
  embedding_ = parts.add<Embedding>([=](const WeightReader& reader) { return Embedding(reader, config); });
  for (int64_t i = 0; i < config.layers; ++i)
    blocks_.push_back(parts.add<PatchBlock>([=](const WeightReader& reader) {
      return PatchBlock(reader, config, fmt::format("{}blocks.{}.", tensors_of(config), i));
    }));
  const auto add_merger = [&](const std::string& prefix, PatchMerger::Norm norm) {
    return parts.add<PatchMerger>(
        [=](const WeightReader& reader) { return PatchMerger(reader, config, prefix, norm, output_size); });
  };
  for (size_t i = 0; i < config.deep_stack_layers.size(); ++i)
    deep_stack_mergers_.push_back(
        add_merger(fmt::format("{}deepstack_merger_list.{}.", tensors_of(config), i), PatchMerger::Norm::of_block));
  merger_ = add_merger(tensors_of(config) + "merger.", PatchMerger::Norm::of_patch);
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
  PatchPlaces places = PatchPlaces::of(grid, config_.window);
  const at::Tensor hidden = project(places.ordered(pixels), embedding.weight, embedding.bias);
  if (embedding.positions.defined())
    hidden.add_(interpolated_positions(embedding.positions, places, grid).to(precision_.compute_type));
  const Rope::Angles angles = patch_angles(places, config_.hidden_size / config_.attention_heads, precision_.device);
  return {hidden, std::move(places), angles};
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
      const bool whole = std::ranges::count(config_.whole_layers, i) > 0;
      for (const InProgress& image : progress) {
        const std::vector<int64_t> all{image.hidden.size(0)};
        block->forward(image.hidden, image.angles, whole ? all : image.places.windows);
      }
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
    for (at::Tensor& features : image.features) features = image.places.in_image_order(features);
    result.push_back(image.features.size() > 1 ? at::cat(image.features) : image.features.front());
    image = {};
  }
  return result;
}

std::unique_ptr<VisionEncoder> add_patch_encoder(Parts& parts, const ModelConfig& config) {
  return std::make_unique<PatchEncoder>(parts, patch_vision(config), config.text.hidden_size);
}

int64_t patch_encoding_bytes(const ModelConfig& config) {
  const PatchVision& vision = patch_vision(config);
  const auto levels = 1 + std::ssize(vision.deep_stack_layers);
  return kTokensOfLargeImage * (7 * vision.merged_size() + levels * config.text.hidden_size) * 4;
}

}  // namespace vlrm
