#include "architecture/tile_family.h"

#include <array>
#include <utility>

namespace vlrm {
namespace {

// Low enough that the positions of all tiles, times a width, stay within 64 bits.
constexpr int64_t kLargestTile = 1 << 14;

constexpr std::array<std::pair<std::string_view, Activation>, 3> kActivations{
    {{"gelu", Activation::gelu}, {"gelu_pytorch_tanh", Activation::gelu_tanh}, {"quick_gelu", Activation::quick_gelu}}};

Activation read_activation(const ConfigFields& fields, std::string_view fallback) {
  const std::string written = fields.text("hidden_act", std::string(fallback));
  for (const auto& [name, activation] : kActivations)
    if (written == name) return activation;
  fields.fail("hidden_act",
              fmt::format("\"{}\" is not supported, only gelu, gelu_pytorch_tanh and quick_gelu", printable(written)));
}

// Written as one number, or as a height and a width.
int64_t read_square(const ConfigFields& fields, const std::string& key, int64_t fallback) {
  if (!fields.has(key) || !fields.at(key).is_array()) return fields.size(key, fallback, kLargestTile);
  const auto sides = fields.required<std::vector<int64_t>>(key);
  if (sides.size() != 2 || sides[0] != sides[1] || sides[0] < 1 || sides[0] > kLargestTile)
    fields.fail(key, fmt::format("must be two equal numbers between 1 and {}", kLargestTile));
  return sides[0];
}

void add_norm(ShapeList& list, const std::string& module, const VitVision& vision) {
  if (vision.norm == NormKind::rms)
    list.add_weights(module, {""}, {vision.hidden_size});
  else
    list.add_biased(module, {""}, {vision.hidden_size});
}

void add_vit_layer(ShapeList& list, const std::string& prefix, const VitVision& vision) {
  const VitForm& form = vision.form;
  const int64_t width = vision.hidden_size, inner = vision.intermediate_size;
  for (const std::string_view norm : form.norms) add_norm(list, prefix + std::string(norm), vision);
  list.add_weights(prefix, {form.queries, form.keys, form.values}, {width, width});
  if (vision.attention_biases)
    for (const std::string_view module : {form.queries, form.keys, form.values})
      list.add(prefix + std::string(module), {".bias"}, {width});
  list.add_biased(prefix, {form.output}, {width, width});
  if (!form.query_norm.empty()) list.add_weights(prefix, {form.query_norm, form.key_norm}, {width});
  for (const std::string_view scale : form.scales)
    if (!scale.empty()) list.add(prefix, {scale}, {width});
  list.add_biased(prefix, {"mlp.fc1"}, {inner, width});
  list.add_biased(prefix, {"mlp.fc2"}, {width, inner});
}

}  // namespace

std::string VitVision::description() const {
  return fmt::format("images in tiles of {} pixels", tile_size);
}

void read_vit(const ConfigFields& fields, const VitDefaults& defaults, VitVision& vision) {
  fields.only("num_channels", 3);
  vision.activation = read_activation(fields, defaults.activation);
  vision.hidden_size = fields.size("hidden_size", defaults.hidden_size);
  vision.intermediate_size = fields.size("intermediate_size", defaults.intermediate_size);
  vision.layers = vision.used_layers = fields.size("num_hidden_layers", defaults.layers, json_limits::kRepeats);
  vision.attention_heads = fields.count("num_attention_heads", defaults.attention_heads);
  vision.tile_size = read_square(fields, "image_size", defaults.tile_size);
  vision.patch_size = read_square(fields, "patch_size", defaults.patch_size);
  vision.epsilon = fields.positive("layer_norm_eps", defaults.epsilon);
  if (vision.tile_size < vision.patch_size) fields.fail("image_size", "is smaller than patch_size");
  if (vision.hidden_size % vision.attention_heads != 0)
    fields.fail("hidden_size", fmt::format("{} is not a multiple of the {} attention heads", vision.hidden_size,
                                           vision.attention_heads));
}

void read_text_of_any_family(const ConfigFields& fields, const char* default_type, ModelConfig& config) {
  const ConfigFields text = fields.required_object("text_config");
  const std::string type = text.text("model_type", default_type);
  const Architecture* family = find_architecture(type);
  if (family == nullptr || family->sees())
    text.fail("model_type", fmt::format("\"{}\" is not supported as a text part, only {} is", printable(type),
                                        architecture_names(false)));
  // The text's tie_word_embeddings counts: transformers 5 has another one beside it, and looks at the weights.
  family->read(text, config);
}

void add_vit(ShapeList& list, const VitVision& vision) {
  const VitForm& form = vision.form;
  const std::string prefix(form.prefix);
  const int64_t width = vision.hidden_size;
  const auto with_ones = [&](size_t count, ShapeList::Shape shape) {
    if (form.leading_ones) shape.insert(shape.begin(), count, 1);
    return shape;
  };
  if (!form.class_token.empty()) list.add(prefix, {form.class_token}, with_ones(2, {width}));
  list.add(prefix, {form.positions}, with_ones(1, {vision.positions(), width}));
  const ShapeList::Shape patch{width, 3, vision.patch_size, vision.patch_size};
  if (form.patch_bias)
    list.add_biased(prefix, {form.patches}, patch);
  else
    list.add_weights(prefix, {form.patches}, patch);
  for (const std::string_view norm : {form.first_norm, form.last_norm})
    if (!norm.empty()) list.add_biased(prefix, {norm}, {width});
  for (int64_t layer = 0; layer < vision.layers; ++layer)
    add_vit_layer(list, fmt::format("{}{}{}.", prefix, form.layers, layer), vision);
}

ImageWork tile_image_work(const ModelConfig& config, const ProcessedImage& image) {
  VLRM_ASSERT(config.architecture->fusion == Fusion::embeddings && config.vision);
  const auto& vision = static_cast<const VitVision&>(*config.vision);
  const int64_t tiles = static_cast<int64_t>(image.pixels.size()) / (3 * vision.tile_size * vision.tile_size);
  const int64_t rows = tiles * vision.positions(), width = vision.hidden_size;
  const double patches = 2.0 * static_cast<double>(rows * 3 * vision.patch_size * vision.patch_size * width);
  const double projector = 2.0 * static_cast<double>(image.tokens * config.text.hidden_size) *
                           static_cast<double>(width + config.text.hidden_size);
  const double layer = encoder_layer_operations(rows, vision.positions(), width, vision.intermediate_size, 2);
  return {static_cast<double>(vision.used_layers) * layer + patches + projector, 0};
}

std::optional<std::string> canonical_tile_name(const std::string& name) {
  static constexpr std::pair<std::string_view, std::string_view> kLaterLayout[] = {
      {"model.language_model.", kTileText},
      {"model.vision_tower.", kTileVision},
      {"model.multi_modal_projector.", kTileProjector},
      {"lm_head.", "language_model.lm_head."}};
  for (const auto& [later, canonical] : kLaterLayout)
    if (name.starts_with(later)) return std::string(canonical) + name.substr(later.size());
  return name;
}

}  // namespace vlrm
