#include "architecture/config_fields.h"

#include <algorithm>

namespace vlrm {

ConfigFields::ConfigFields(const Json& object, std::string source, std::vector<std::string>& defaulted)
    : object_(object), source_(std::move(source)), defaulted_(defaulted) {
  if (!object_.is_object()) vlrm::fail("{}: not a JSON object", source_);
}

ConfigFields ConfigFields::required_object(const std::string& key) const {
  required<Json>(key);
  return inside(key);
}

int64_t ConfigFields::count(const std::string& key, std::optional<int64_t> fallback, int64_t most) const {
  const int64_t value = fallback ? get<int64_t>(key, *fallback) : required<int64_t>(key);
  if (value < 1 || value > most) fail(key, fmt::format("{} is not between 1 and {}", value, most));
  return value;
}

int64_t ConfigFields::size(const std::string& key, int64_t fallback, int64_t most) const {
  if (!has(key)) defaulted_.push_back(key);
  return count(key, fallback, most);
}

double ConfigFields::positive(const std::string& key, double fallback) const {
  const double value = get(key, fallback);
  if (!(value > 0)) fail(key, fmt::format("{} is not above 0", value));
  return value;
}

std::vector<int64_t> ConfigFields::layer_indices(const std::string& key, std::vector<int64_t> fallback,
                                                 int64_t layers) const {
  std::vector<int64_t> indices = get(key, std::move(fallback));
  std::vector<int64_t> sorted = indices;
  std::sort(sorted.begin(), sorted.end());
  if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end()) fail(key, "names a layer twice");
  if (!sorted.empty() && (sorted.front() < 0 || sorted.back() >= layers))
    fail(key, fmt::format("names a layer outside of the {} there are", layers));
  return indices;
}

void ConfigFields::only(const std::string& key, const Json& supported) const {
  if (has(key) && at(key) != supported)
    fail(key, fmt::format("{} is not supported, only {}", printable(at(key).dump(-1, ' ', true)), supported.dump()));
}

void ConfigFields::fail(const std::string& key, const std::string& what) const {
  vlrm::fail("{}: \"{}\"{}: {}", source_, key, has(key) ? "" : " (missing, so transformers' default)", what);
}

int64_t default_head_size(const ConfigFields& fields, const TextConfig& text) {
  if (text.hidden_size % text.attention_heads != 0)
    fields.fail("hidden_size",
                fmt::format("{} is no multiple of the {} attention heads", text.hidden_size, text.attention_heads));
  return text.hidden_size / text.attention_heads;
}

void check_heads(const ConfigFields& fields, const TextConfig& text) {
  if (text.attention_heads % text.key_value_heads != 0)
    fields.fail("num_key_value_heads",
                fmt::format("{} does not divide the {} attention heads", text.key_value_heads, text.attention_heads));
  if (text.head_size % 2 != 0) fields.fail("head_dim", fmt::format("{} is odd", text.head_size));
}

bool read_tied_embeddings(const ConfigFields& fields, const ConfigFields& text) {
  const std::string key = "tie_word_embeddings";
  if (!text.has(key)) return fields.get(key, false);
  const bool tied = text.get(key, false);
  if (fields.get(key, tied) != tied)
    fields.fail(key, "is another in \"text_config\": transformers 4 reads that, and 5 this; make them equal");
  return tied;
}

void read_image_token(const ConfigFields& fields, const std::string& key, int32_t fallback, ModelConfig& config) {
  config.image_token = fields.get<int32_t>(key, fallback);
  if (config.image_token < 0 || config.image_token >= config.text.vocab_size)
    fields.fail(
        key, fmt::format("{} is not below the {} rows of the embeddings", config.image_token, config.text.vocab_size));
}

}  // namespace vlrm
