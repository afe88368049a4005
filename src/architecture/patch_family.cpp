#include "architecture/patch_family.h"

#include <algorithm>
#include <numeric>

#include "vision/qwen2_vl_processor.h"

namespace vlrm {
namespace {

constexpr int64_t kMostPatch = 64, kMostMerge = 8;

void add_norms(ShapeList& list, const std::string& prefix, ShapeList::Modules modules, const PatchVision& vision,
               int64_t width) {
  if (vision.form.norm == NormKind::rms)
    list.add_weights(prefix, modules, {width});
  else
    list.add_biased(prefix, modules, {width});
}

void add_block(ShapeList& list, const std::string& prefix, const PatchVision& vision) {
  const PatchForm& form = vision.form;
  const int64_t width = vision.hidden_size, inner = vision.intermediate_size;
  add_norms(list, prefix, {"norm1", "norm2"}, vision, width);
  list.add_biased(prefix, {"attn.qkv"}, {3 * width, width});
  list.add_biased(prefix, {"attn.proj"}, {width, width});
  if (!form.gate.empty()) list.add_biased(prefix, {form.gate}, {inner, width});
  list.add_biased(prefix, {form.up}, {inner, width});
  list.add_biased(prefix, {form.down}, {width, inner});
}

void add_merger(ShapeList& list, const std::string& prefix, const PatchVision& vision, int64_t normed,
                const TextConfig& text) {
  const int64_t width = vision.merged_size();
  add_norms(list, prefix, {vision.form.merger_norm}, vision, normed);
  list.add_biased(prefix, {vision.form.merger_inner}, {width, width});
  list.add_biased(prefix, {vision.form.merger_output}, {text.hidden_size, width});
}

void add_patches(ShapeList& list, const std::string& prefix, const PatchVision& vision) {
  const std::vector<int64_t> shape{vision.hidden_size, 3, vision.frames, vision.patch_size, vision.patch_size};
  if (vision.form.patch_bias)
    list.add_biased(prefix, {"patch_embed.proj"}, shape);
  else
    list.add_weights(prefix, {"patch_embed.proj"}, shape);
  if (vision.positions > 0) list.add_weights(prefix, {"pos_embed"}, {vision.positions, vision.hidden_size});
}

}  // namespace

std::string PatchVision::description() const {
  return fmt::format("images of any size, {} pixels squared a token", patch_size * merge_size);
}

void read_patch_vision(const ConfigFields& fields, PatchVision& vision) {
  fields.only("in_channels", 3);
  if (fields.has("rope_parameters")) fields.inside("rope_parameters").only("rope_theta", 10000.0);
  vision.attention_heads = fields.count("num_heads", 16);
  vision.patch_size = fields.count("patch_size", vision.patch_size, kMostPatch);
  vision.frames = fields.count("temporal_patch_size", vision.frames, kMostMerge);
  vision.merge_size = fields.count("spatial_merge_size", vision.merge_size, kMostMerge);
  if (vision.hidden_size % (4 * vision.attention_heads) != 0)
    fields.fail("num_heads", fmt::format("a patch's width, {}, is not a multiple of 4 times the {} attention heads",
                                         vision.hidden_size, vision.attention_heads));
}

void check_feature_size(const ConfigFields& fields, const char* key, const TextConfig& text) {
  const int64_t output = fields.size(key, 3584);
  if (output != text.hidden_size)
    fields.fail(key, fmt::format("{} is not the text's hidden_size, {}", output, text.hidden_size));
}

void read_rope_sections(const ConfigFields& fields, TextConfig& text, std::vector<int64_t> fallback, bool interleaved) {
  if (text.rope_scaling && text.rope_scaling->type == RopeType::dynamic)
    fields.fail("rope_scaling", "a dynamic rope is not supported where images have positions of their own");
  text.rope_sections = std::move(fallback);
  text.interleaved_sections = interleaved;
  for (const char* key : {"rope_scaling", "rope_parameters"}) {
    if (!fields.has(key)) continue;
    const ConfigFields rope = fields.inside(key);
    rope.only("mrope_interleaved", interleaved);
    auto& sections = text.rope_sections;
    sections = rope.get("mrope_section", sections);
    if (sections.size() != 3 || std::ranges::min(sections) < 0 || std::ranges::max(sections) > json_limits::kRepeats)
      rope.fail("mrope_section", "must be three numbers of frequencies: of time, row and column");
  }
  const auto& sections = text.rope_sections;
  const int64_t sum = std::accumulate(sections.begin(), sections.end(), int64_t{0});
  if (!interleaved && sum != text.head_size / 2)
    fields.fail("rope_scaling",
                fmt::format("\"mrope_section\" has {} frequencies in all, and a head has {}", sum, text.head_size / 2));
}

std::string renamed_prefix(const std::string& name,
                           std::initializer_list<std::pair<std::string_view, std::string_view>> layouts) {
  for (const auto& [found, canonical] : layouts)
    if (name.starts_with(found)) return std::string(canonical) + name.substr(found.size());
  return name;
}

TensorShapes patch_model_shapes(const ModelConfig& config, std::string_view text_prefix) {
  const PatchVision& vision = patch_vision(config);
  const std::string visual(vision.form.prefix);
  ShapeList list;
  list.add_decoder(std::string(text_prefix), config.text, config.text.vocab_size);
  add_patches(list, visual, vision);
  for (int64_t layer = 0; layer < vision.layers; ++layer)
    add_block(list, fmt::format("{}blocks.{}.", visual, layer), vision);
  add_merger(list, visual + "merger.", vision, vision.hidden_size, config.text);
  for (size_t i = 0; i < vision.deep_stack_layers.size(); ++i)
    add_merger(list, fmt::format("{}deepstack_merger_list.{}.", visual, i), vision, vision.merged_size(), config.text);
  return std::move(list).take();
}

std::unique_ptr<ImageProcessor> patch_processor(const std::filesystem::path& directory) {
  return std::make_unique<Qwen2VlProcessor>(Qwen2VlProcessorConfig::from_directory(directory));
}

ImageWork patch_image_work(const ModelConfig& config, const ProcessedImage& image) {
  const PatchVision& vision = patch_vision(config);
  const int64_t numbers = 3 * vision.patch_size * vision.patch_size;
  const int64_t patches = static_cast<int64_t>(image.pixels.size()) / numbers;
  const int64_t window = vision.window * vision.window * vision.merge_size * vision.merge_size;
  const auto whole = static_cast<double>(vision.window > 0 ? std::ssize(vision.whole_layers) : vision.layers);
  const int64_t projections = vision.form.gate.empty() ? 2 : 3;
  const auto layer = [&](int64_t seen) {
    return encoder_layer_operations(patches, seen, vision.hidden_size, vision.intermediate_size, projections);
  };
  const double mergers =
      2.0 * static_cast<double>((1 + std::ssize(vision.deep_stack_layers)) * image.tokens * vision.merged_size()) *
      static_cast<double>(vision.merged_size() + config.text.hidden_size);
  return {whole * layer(patches) + (static_cast<double>(vision.layers) - whole) * layer(std::min(window, patches)) +
              2.0 * static_cast<double>(patches * numbers * vision.frames * vision.hidden_size) + mergers,
          0};
}

const PatchVision& patch_vision(const ModelConfig& config) {
  VLRM_ASSERT(config.architecture->fusion == Fusion::embeddings && config.vision);
  return static_cast<const PatchVision&>(*config.vision);
}

}  // namespace vlrm
