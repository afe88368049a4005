#include "family/names.h"

#include <algorithm>
#include <string_view>

#include "base/error.h"
#include "merge/tensor_place.h"
#include "weights/views.h"

namespace vlrm {
namespace {

bool is_rotary_buffer(const std::string& name) {
  return name.ends_with("rotary_emb.inv_freq");
}

// `name` with `from` in front replaced by `to`; nothing where it does not begin so.
std::optional<std::string> with_prefix(const std::string& name, std::string_view from, std::string_view to) {
  if (!name.starts_with(from)) return std::nullopt;
  return std::string(to) + name.substr(from.size());
}

}  // namespace

std::optional<std::string> canonical_mllama_name(const std::string& name) {
  if (is_rotary_buffer(name)) return std::nullopt;
  static constexpr std::pair<std::string_view, std::string_view> kLaterLayout[] = {
      {"model.language_model.", "language_model.model."},
      {"model.vision_model.", "vision_model."},
      {"model.multi_modal_projector.", "multi_modal_projector."},
      {"lm_head.", "language_model.lm_head."}};
  for (const auto& [later, canonical] : kLaterLayout)
    if (auto renamed_to = with_prefix(name, later, canonical)) return renamed_to;
  return name;
}

std::optional<std::string> canonical_llama_name(const std::string& name) {
  if (is_rotary_buffer(name)) return std::nullopt;
  for (const std::string_view bare : {"layers.", "embed_tokens.", "norm."})
    if (name.starts_with(bare)) return "model." + name;
  return name;
}

CheckpointPtr canonical(CheckpointPtr checkpoint, const ModelConfig& config) {
  return renamed(std::move(checkpoint), config.vision ? canonical_mllama_name : canonical_llama_name);
}

CheckpointPtr open_canonical(const std::filesystem::path& directory, const ModelConfig& config) {
  return canonical(open_checkpoint(directory), config);
}

int64_t mllama_layer_of_text_layer(int64_t layer, const TextConfig& mllama) {
  for (const int64_t cross : mllama.cross_attention_layers) {
    if (cross > layer) break;
    ++layer;
  }
  return layer;
}

CheckpointPtr text_part_of_mllama(CheckpointPtr mllama, const TextConfig& config) {
  const auto& cross = config.cross_attention_layers;
  return renamed(std::move(mllama), [cross](const std::string& name) -> std::optional<std::string> {
    auto text = with_prefix(name, "language_model.", "");
    if (!text) return std::nullopt;
    const TensorPlace place = place_of(*text);
    if (!place.in_layer()) return text;
    const auto before = std::lower_bound(cross.begin(), cross.end(), place.layer);
    if (before != cross.end() && *before == place.layer) return std::nullopt;
    return name_at(place, place.layer - (before - cross.begin()));
  });
}

CheckpointPtr text_part_for_mllama(CheckpointPtr llama, const TextConfig& config) {
  return renamed(std::move(llama), [config](const std::string& name) -> std::optional<std::string> {
    if (!name.starts_with("model.")) return std::nullopt;
    const std::string mllama = "language_model." + name;
    const TensorPlace place = place_of(mllama);
    return place.in_layer() ? name_at(place, mllama_layer_of_text_layer(place.layer, config)) : mllama;
  });
}

CheckpointPtr llama_backbone(CheckpointPtr llama) {
  return renamed(std::move(llama), [](const std::string& name) -> std::optional<std::string> {
    return name.starts_with("model.") ? std::optional(name) : std::nullopt;
  });
}

}  // namespace vlrm
