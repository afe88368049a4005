#include "architecture/text_names.h"

#include <algorithm>

#include "weights/tensor_place.h"
#include "weights/views.h"

namespace vlrm {
namespace {

constexpr std::string_view kTextPrefix = "model.", kTextHead = "lm_head.weight";

}  // namespace

Renaming canonical_names(const Architecture* architecture) {
  return [architecture](const std::string& name) -> std::optional<std::string> {
    if (architecture == nullptr) return name;
    if (name.ends_with("rotary_emb.inv_freq")) return std::nullopt;
    return architecture->canonical_name(name);
  };
}

int64_t decoder_layer_of(int64_t text_layer, const TextConfig& config) {
  for (const int64_t cross : config.cross_attention_layers) {
    if (cross > text_layer) break;
    ++text_layer;
  }
  return text_layer;
}

std::optional<std::string> text_name(const std::string& canonical, const ModelConfig& config) {
  const Architecture& architecture = *config.architecture;
  if (canonical == architecture.head) return std::string(kTextHead);
  if (!canonical.starts_with(architecture.text_prefix)) return std::nullopt;
  std::string name = std::string(kTextPrefix) + canonical.substr(architecture.text_prefix.size());
  const TensorPlace place = place_of(name);
  if (!place.in_layer()) return name;
  const auto& cross = config.text.cross_attention_layers;
  const auto before = std::ranges::lower_bound(cross, place.layer);
  if (before != cross.end() && *before == place.layer) return std::nullopt;
  return name_at(place, place.layer - (before - cross.begin()));
}

std::string canonical_name(const std::string& text_name, const ModelConfig& config) {
  if (text_name == kTextHead) return std::string(config.architecture->head);
  const std::string name = std::string(config.architecture->text_prefix) + text_name.substr(kTextPrefix.size());
  const TensorPlace place = place_of(name);
  return place.in_layer() ? name_at(place, decoder_layer_of(place.layer, config.text)) : name;
}

CheckpointPtr backbone(CheckpointPtr model, const ModelConfig& config) {
  return renamed(std::move(model), [config](const std::string& name) {
    auto text = text_name(name, config);
    return text && text->starts_with(kTextPrefix) ? text : std::nullopt;
  });
}

CheckpointPtr text_part(CheckpointPtr model, const ModelConfig& config) {
  return renamed(std::move(model), [config](const std::string& name) { return text_name(name, config); });
}

CheckpointPtr backbone_for(CheckpointPtr text, const ModelConfig& config) {
  return renamed(std::move(text), [config](const std::string& name) -> std::optional<std::string> {
    return name.starts_with(kTextPrefix) ? std::optional(canonical_name(name, config)) : std::nullopt;
  });
}

}  // namespace vlrm
