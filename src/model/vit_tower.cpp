#include "model/vit_tower.h"

#include "base/error.h"
#include "model/projection.h"
#include "model/tile_patches.h"

namespace vlrm {
namespace {

constexpr int64_t kColors = 3;

std::string tensor_of(const VitVision& config, std::string_view name) {
  return std::string(config.form.prefix) + std::string(name);
}

}  // namespace

struct VitTower::Embedding {
  at::Tensor patches, patch_bias, positions;
  at::Tensor class_token;  // not defined where the family has none
  std::optional<VisionNorm> norm;

  Embedding(const WeightReader& reader, const VitVision& config) {
    const VitForm& form = config.form;
    const int64_t width = config.hidden_size, patch = config.patch_size;
    const std::string name = tensor_of(config, form.patches);
    patches = reader.vector(name + ".weight", {width, kColors, patch, patch}).view({width, -1});
    if (form.patch_bias) patch_bias = reader.vector(name + ".bias", {width});
    const auto with_ones = [&](size_t count, std::vector<int64_t> shape) {
      if (form.leading_ones) shape.insert(shape.begin(), count, 1);
      return shape;
    };
    const std::vector<int64_t> table{config.positions(), width};
    positions = reader.vector(tensor_of(config, form.positions), with_ones(1, table)).view(table);
    if (!form.class_token.empty())
      class_token = reader.vector(tensor_of(config, form.class_token), with_ones(2, {width})).view({width});
    if (!form.first_norm.empty())
      norm.emplace(reader, NormKind::layer, tensor_of(config, form.first_norm), width, config.epsilon);
  }
};

struct VitTower::LastNorm {
  VisionNorm norm;
};

VitTower::VitTower(Parts& parts, const VitVision& config)
    : config_(config), precision_(parts.reader().precision()), parts_(parts) {
  embedding_ = parts.add<Embedding>([=](const WeightReader& reader) { return Embedding(reader, config); });
  for (int64_t i = 0; i < config.used_layers; ++i)
    layers_.push_back(parts.add<VitLayer>([=](const WeightReader& reader) {
      return VitLayer(reader, config, fmt::format("{}{}.", tensor_of(config, config.form.layers), i));
    }));
  if (config.uses_last_norm)
    last_norm_ = parts.add<LastNorm>([=](const WeightReader& reader) {
      return LastNorm{VisionNorm(reader, NormKind::layer, tensor_of(config, config.form.last_norm), config.hidden_size,
                                 config.epsilon)};
    });
}

std::vector<size_t> VitTower::order() const {
  std::vector<size_t> order{embedding_.index};
  for (const auto& layer : layers_) order.push_back(layer.index);
  if (last_norm_) order.push_back(last_norm_->index);
  return order;
}

at::Tensor VitTower::embedded(const ProcessedImage& image, const Embedding& embedding) const {
  const int64_t size = config_.tile_size, side = config_.side(), width = config_.hidden_size;
  const int64_t tiles = std::ssize(image.pixels) / (kColors * size * size);
  const at::Tensor pixels =
      at::from_blob(const_cast<float*>(image.pixels.data()), {tiles, kColors, size, size}, at::kFloat)
          .to(precision_.device, precision_.compute_type);
  at::Tensor hidden = project(tile_patches(pixels, side, config_.patch_size), embedding.patches, embedding.patch_bias)
                          .view({tiles, side * side, width});
  if (embedding.class_token.defined()) hidden = at::cat({embedding.class_token.expand({tiles, 1, width}), hidden}, 1);
  hidden.add_(embedding.positions);
  return embedding.norm ? (*embedding.norm)(hidden) : hidden;
}

std::vector<at::Tensor> VitTower::states(std::span<const ProcessedImage* const> images) const {
  std::vector<at::Tensor> states;
  {
    const auto embedding = parts_.use(embedding_);
    for (const ProcessedImage* image : images) states.push_back(embedded(*image, *embedding));
  }
  for (const auto& handle : layers_) {
    const auto layer = parts_.use(handle);
    for (const at::Tensor& image : states) layer->forward(image);
  }
  if (last_norm_) {
    const auto last = parts_.use(*last_norm_);
    for (at::Tensor& image : states) image = last->norm(image);
  }
  const int64_t patches = config_.side() * config_.side();
  for (at::Tensor& image : states) image = image.narrow(1, config_.positions() - patches, patches);
  return states;
}

int64_t VitTower::bytes(const VitVision& config, int64_t tiles) {
  const int64_t of_states = 3 * tiles * config.hidden_size,
                of_layer = 6 * config.hidden_size + config.intermediate_size;
  return config.positions() * (of_states + of_layer) * int64_t{sizeof(float)};
}

}  // namespace vlrm
