#include "architecture/mllama/model/vision_tower.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "model/index_tensor.h"
#include "model/projection.h"
#include "model/tile_patches.h"
#include "vision/mllama_processor.h"

namespace vlrm {
namespace {

constexpr int64_t kChannels = 3;
constexpr int64_t kPatchMultiple = 8;       // the reference pads the patches of a tile to a multiple of it
constexpr double kOuterNormEpsilon = 1e-5;  // of the norms around the transformers; norm_eps is that of the layers
constexpr int64_t kProjectedRows = 1024;    // bounds the joined features on a CPU

struct Norm {
  at::Tensor weight, bias;
  Norm(const WeightReader& reader, const std::string& prefix, int64_t width)
      : weight(reader.vector(prefix + ".weight", {width})), bias(reader.vector(prefix + ".bias", {width})) {}
  at::Tensor operator()(const at::Tensor& x) const {
    return at::layer_norm(x, {x.size(-1)}, weight, bias, kOuterNormEpsilon);
  }
};

int64_t patches_of(const MllamaVision& config) {
  const int64_t side = config.image_size / config.patch_size;
  return side * side + 1;
}

int64_t aspect_ratios_of(const MllamaVision& config) {
  return static_cast<int64_t>(config.supported_aspect_ratios.size()) + 1;  // id 0 stands for no image
}

}  // namespace

struct VisionTower::Embedding {
  at::Tensor patch, class_token, position;
  double position_gate, before_gate;
  Norm norm;

  Embedding(const WeightReader& reader, const MllamaVision& config)
      : patch(reader
                  .vector("vision_model.patch_embedding.weight",
                          {config.hidden_size, kChannels, config.patch_size, config.patch_size})
                  .view({config.hidden_size, -1})),
        class_token(reader.vector("vision_model.class_embedding", {config.hidden_size})),
        position(reader.vector("vision_model.gated_positional_embedding.embedding",
                               {patches_of(config), config.hidden_size})),
        position_gate(std::tanh(reader.scalar("vision_model.gated_positional_embedding.gate"))),
        before_gate(std::tanh(reader.scalar("vision_model.pre_tile_positional_embedding.gate"))),
        norm(reader, "vision_model.layernorm_pre", config.hidden_size) {}
};

// What stands between the local and the global transformer.
struct VisionTower::Middle {
  Norm norm;
  double after_gate;

  Middle(const WeightReader& reader, const MllamaVision& config)
      : norm(reader, "vision_model.layernorm_post", config.hidden_size),
        after_gate(std::tanh(reader.scalar("vision_model.post_tile_positional_embedding.gate"))) {}
};

struct VisionTower::Projector {
  at::Tensor weight, bias;

  // The checkpoint's columns are those of the last states and then, feature by feature, those of the intermediate
  // states in turn. Here they stand state by state, as the states themselves are at hand.
  Projector(const WeightReader& reader, const MllamaVision& config, int64_t output_size)
      : weight(reader.matrix("multi_modal_projector.weight", output_size, config.output_size)),
        bias(reader.vector("multi_modal_projector.bias", {output_size})) {
    const int64_t width = config.hidden_size, count = config.output_size / width - 1;
    if (count == 0) return;
    const at::Tensor interleaved = weight.narrow(1, width, count * width);
    interleaved.copy_(interleaved.unflatten(1, {width, count}).transpose(1, 2).flatten(1));
  }
};

// An image on its way through the layers. Rows that attention treats as padding come last: the rows of missing tiles,
// and then those that fill up each tile to a multiple of 8.
struct VisionTower::InProgress {
  at::Tensor hidden;
  int64_t real = 0;  // rows of the tiles that exist
  int64_t aspect_ratio_id = 0;
  std::vector<at::Tensor> intermediate;
  std::optional<Runs> runs;  // where attention is one call

  void forward(const VisionLayer& layer) const { layer.forward(hidden, real, runs ? &*runs : nullptr); }
};

VisionTower::VisionTower(Parts& parts, const MllamaVision& config, int64_t output_size)
    : config_(config),
      precision_(parts.reader().precision()),
      parts_(parts),
      patches_(patches_of(config)),
      padded_patches_((patches_ + kPatchMultiple - 1) / kPatchMultiple * kPatchMultiple),
      tile_embedding_(parts.reader(), "vision_model.gated_positional_embedding.tile_embedding.weight",
                      aspect_ratios_of(config), config.max_tiles * patches_ * config.hidden_size, parts.streamed()),
      before_embedding_(parts.reader(), "vision_model.pre_tile_positional_embedding.embedding.weight",
                        aspect_ratios_of(config), config.max_tiles * config.hidden_size, parts.streamed()),
      after_embedding_(parts.reader(), "vision_model.post_tile_positional_embedding.embedding.weight",
                       aspect_ratios_of(config), config.max_tiles * config.hidden_size, parts.streamed()) {
  embedding_ = parts.add<Embedding>([=](const WeightReader& reader) { return Embedding(reader, config); });
  const auto add_layers = [&](const std::string& name, int64_t count, bool gated) {
    std::vector<Parts::Handle<VisionLayer>> layers;
    for (int64_t i = 0; i < count; ++i) {
      const std::string prefix = fmt::format("vision_model.{}.layers.{}.", name, i);
      layers.push_back(parts.add<VisionLayer>(
          [=](const WeightReader& reader) { return VisionLayer(reader, config, prefix, gated); }));
    }
    return layers;
  };
  local_layers_ = add_layers("transformer", config.local_layers, false);
  middle_ = parts.add<Middle>([=](const WeightReader& reader) { return Middle(reader, config); });
  global_layers_ = add_layers("global_transformer", config.global_layers, true);
  projector_ = parts.add<Projector>([=](const WeightReader& reader) { return Projector(reader, config, output_size); });
}

std::vector<size_t> VisionTower::order() const {
  std::vector<size_t> order{embedding_.index};
  for (const auto& layer : local_layers_) order.push_back(layer.index);
  order.push_back(middle_.index);
  for (const auto& layer : global_layers_) order.push_back(layer.index);
  order.push_back(projector_.index);
  return order;
}

int64_t VisionTower::existing_rows(const ProcessedImage& image) const {
  return MllamaGrid::of(image).tiles * patches_;
}

void VisionTower::check(const ProcessedImage& image) const {
  const MllamaGrid grid = MllamaGrid::of(image);
  const int64_t pixels = grid.tiles * kChannels * config_.image_size * config_.image_size;
  const bool fits = grid.tile_size == config_.image_size && grid.max_tiles == config_.max_tiles && grid.tiles >= 1 &&
                    grid.tiles <= config_.max_tiles && grid.aspect_ratio_id >= 1 &&
                    grid.aspect_ratio_id < aspect_ratios_of(config_) &&
                    static_cast<int64_t>(image.pixels.size()) == pixels;
  if (!fits)
    fail(
        "an image was cut into {} of at most {} tiles of {} pixels (aspect ratio {}), but the model takes {} tiles of "
        "{} "
        "pixels: preprocessor_config.json and config.json do not belong together",
        grid.tiles, grid.max_tiles, grid.tile_size, grid.aspect_ratio_id, config_.max_tiles, config_.image_size);
}

// [max tiles, patches − 1, hidden size]; zeros for missing tiles, since the embedding has no bias.
at::Tensor VisionTower::patch_embeddings(const ProcessedImage& image, const Embedding& embedding) const {
  const int64_t size = config_.patch_size, side = config_.image_size / size, width = config_.hidden_size;
  const int64_t tiles = MllamaGrid::of(image).tiles;
  const at::Tensor read = at::from_blob(const_cast<float*>(image.pixels.data()),
                                        {tiles, kChannels, config_.image_size, config_.image_size});
  const at::Tensor pixels = sent_to(precision_.device, read.to(precision_.compute_type));
  at::Tensor all = at::zeros({config_.max_tiles, side * side, width}, pixels.options());
  all.narrow(0, 0, tiles)
      .copy_(project(tile_patches(pixels, side, size), embedding.patch).view({tiles, side * side, width}));
  return all;
}

VisionTower::InProgress VisionTower::embedded(const ProcessedImage& image, const Embedding& embedding) const {
  const int64_t tiles = config_.max_tiles, width = config_.hidden_size;
  const MllamaGrid grid = MllamaGrid::of(image);
  const at::Tensor patches = patch_embeddings(image, embedding);
  patches.add_(before_embedding_.look_up({grid.aspect_ratio_id}).view({tiles, 1, width}).mul_(embedding.before_gate));
  const at::Tensor tokens = at::cat({embedding.class_token.expand({tiles, 1, width}), patches}, 1);
  tokens.add_(embedding.position.mul(1 - embedding.position_gate));
  tokens.add_(
      tile_embedding_.look_up({grid.aspect_ratio_id}).view({tiles, patches_, width}).mul_(embedding.position_gate));
  InProgress result;
  result.real = grid.tiles * patches_;
  result.aspect_ratio_id = grid.aspect_ratio_id;
  result.hidden = at::zeros({tiles * padded_patches_, width}, tokens.options());
  result.hidden.narrow(0, 0, tiles * patches_).copy_(embedding.norm(tokens).view({-1, width}));
  if (has_flash_attention(precision_.device, precision_.compute_type, width / config_.attention_heads)) {
    const int64_t rows = result.hidden.size(0);
    result.runs = Runs::of({{result.real, 0, rows}, {rows - result.real, 0, result.real}}, precision_.device);
  }
  return result;
}

void VisionTower::run_local(std::span<InProgress> images) const {
  const auto keep_intermediate = [&](int64_t layer) {
    for (size_t i = 0; i < config_.intermediate_layers.size(); ++i)
      if (config_.intermediate_layers[i] == layer)
        for (InProgress& image : images)
          image.intermediate[i] = image.hidden.narrow(0, 0, config_.max_tiles * patches_).clone();
  };
  for (InProgress& image : images) image.intermediate.resize(config_.intermediate_layers.size());
  for (int64_t i = 0; i < config_.local_layers; ++i) {
    keep_intermediate(i);
    const auto layer = parts_.use(local_layers_[static_cast<size_t>(i)]);
    for (const InProgress& image : images) image.forward(*layer);
  }
  keep_intermediate(config_.local_layers);
}

void VisionTower::run_global(std::span<InProgress> images) const {
  const int64_t tiles = config_.max_tiles, width = config_.hidden_size, outputs = tiles * patches_;
  const auto enter = [&](InProgress& image, const Middle& middle) {
    image.hidden = middle.norm(image.hidden);
    const at::Tensor tile =
        after_embedding_.look_up({image.aspect_ratio_id}).view({tiles, 1, width}).mul_(middle.after_gate);
    image.hidden.narrow(0, 0, outputs).view({tiles, patches_, width}).add_(tile);
    image.hidden.narrow(0, outputs, image.hidden.size(0) - outputs)
        .view({tiles, padded_patches_ - patches_, width})
        .add_(tile);
  };
  {
    const auto middle = parts_.use(middle_);
    for (InProgress& image : images) enter(image, *middle);
  }
  for (const auto& handle : global_layers_) {
    const auto layer = parts_.use(handle);
    for (const InProgress& image : images) image.forward(*layer);
  }
}

std::vector<VisionStates> VisionTower::states(std::span<const ProcessedImage* const> images) const {
  for (const ProcessedImage* image : images) check(*image);
  std::vector<InProgress> progress;
  {
    const auto embedding = parts_.use(embedding_);
    for (const ProcessedImage* image : images) progress.push_back(embedded(*image, *embedding));
  }
  run_local(progress);
  run_global(progress);
  std::vector<VisionStates> result;
  for (InProgress& image : progress)
    result.push_back({image.hidden.narrow(0, 0, config_.max_tiles * patches_), std::move(image.intermediate)});
  return result;
}

at::Tensor VisionTower::projected(const VisionStates& states, const Projector& projector) const {
  at::Tensor out = at::empty({states.last.size(0), projector.bias.size(0)}, states.last.options());
  const int64_t at_once = out.is_cpu() ? kProjectedRows : out.size(0);
  for (int64_t first = 0; first < out.size(0); first += at_once) {
    const int64_t rows = std::min(at_once, out.size(0) - first);
    std::vector<at::Tensor> joined{states.last.narrow(0, first, rows)};
    for (const at::Tensor& state : states.intermediate) joined.push_back(state.narrow(0, first, rows));
    out.narrow(0, first, rows).copy_(project(at::cat(joined, 1), projector.weight, projector.bias));
  }
  return out;
}

std::vector<at::Tensor> VisionTower::encode(std::span<const ProcessedImage* const> images) const {
  std::vector<VisionStates> all = states(images);
  const auto projector = parts_.use(projector_);
  std::vector<at::Tensor> result;
  for (VisionStates& image : all) {
    result.push_back(projected(image, *projector));
    image = {};
  }
  return result;
}

}  // namespace vlrm
