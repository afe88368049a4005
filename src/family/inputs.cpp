#include "family/inputs.h"

#include <algorithm>

#include "base/error.h"
#include "family/names.h"

namespace vlrm {
namespace {

constexpr int64_t kReservedRows =
    8;  // of an Mllama's embeddings, behind its vocabulary: <|image|> and seven spare ones

std::string config_path(const OpenModel& model) {
  return (model.directory / "config.json").string();
}

int64_t text_layers(const TextConfig& text) {
  return text.layers - static_cast<int64_t>(text.cross_attention_layers.size());
}

bool same_rope(const TextConfig& a, const TextConfig& b) {
  if (a.rope_theta != b.rope_theta || a.rope_scaling.has_value() != b.rope_scaling.has_value()) return false;
  if (!a.rope_scaling) return true;
  return a.rope_scaling->factor == b.rope_scaling->factor &&
         a.rope_scaling->low_freq_factor == b.rope_scaling->low_freq_factor &&
         a.rope_scaling->high_freq_factor == b.rope_scaling->high_freq_factor &&
         a.rope_scaling->original_max_position_embeddings == b.rope_scaling->original_max_position_embeddings;
}

void require_shape(const OpenModel& model, const std::string& name, const std::vector<int64_t>& shape,
                   const std::string& why) {
  const TensorInfo& tensor = model.weights->info_or_throw(name);
  if (tensor.shape != shape)
    fail("{}: tensor {} is {}, not {}: {}", model.weights->description(), name, shape_string(tensor.shape),
         shape_string(shape), why);
}

}  // namespace

OpenModel open_model(const std::string& role, const std::filesystem::path& directory, const WatchInput& watch) {
  const ModelConfig config = ModelConfig::from_directory(directory);
  CheckpointPtr files = open_checkpoint(directory);
  if (watch) files = watch(role, directory, std::move(files));
  return {directory, config, canonical(std::move(files), config)};
}

void require_vlm(const OpenModel& model, std::vector<std::string>& remarks) {
  if (!model.config.vision)
    fail("{}: the VLM must be an Mllama (Llama-3.2-Vision), this is a text model", config_path(model));
  if (model.config.head == Head::reward)
    fail("{}: the VLM has a reward head already; give the model it was made of", config_path(model));
  const TextConfig& text = model.config.text;
  require_shape(model, "language_model.model.embed_tokens.weight", {text.vocab_size + kReservedRows, text.hidden_size},
                fmt::format("the config's vocab_size and {} reserved rows, by hidden_size", kReservedRows));
  const std::vector<std::string> expected = mllama_tensor_names(model.config);
  for (const std::string& name : expected) model.weights->info_or_throw(name);
  for (const TensorInfo& tensor : model.weights->tensors())
    if (!std::ranges::binary_search(expected, tensor.name))
      remarks.push_back(fmt::format("{}: tensor {} is no part of an Mllama; it is kept", model.weights->description(),
                                    printable(tensor.name)));
}

void require_llama(const OpenModel& model) {
  if (model.config.vision)
    fail("{}: a text model (Llama) is needed here, this one has a vision part", config_path(model));
}

void require_reward_model(const OpenModel& model) {
  require_llama(model);
  if (model.config.head != Head::reward)
    fail("{}: not a reward model: its architecture is not LlamaForSequenceClassification", config_path(model));
  require_shape(model, "score.weight", {1, model.config.text.hidden_size}, "one value of each hidden state");
  for (const TensorInfo& tensor : model.weights->tensors()) {
    const bool known =
        tensor.name.starts_with("model.") || tensor.name == "score.weight" || tensor.name == "lm_head.weight";
    if (!known)
      fail("{}: tensor {} is no part of a Llama reward model, and would be lost", model.weights->description(),
           printable(tensor.name));
  }
}

void require_same_text_shape(const OpenModel& text, const OpenModel& vlm, std::vector<std::string>& remarks) {
  const TextConfig& a = text.config.text;
  const TextConfig& b = vlm.config.text;
  const auto require = [&](const char* field, int64_t found, int64_t expected) {
    if (found != expected)
      fail("{}: \"{}\" is {}, but {} for the text part of {}: these models cannot be merged", config_path(text), field,
           found, expected, config_path(vlm));
  };
  require("hidden_size", a.hidden_size, b.hidden_size);
  require("intermediate_size", a.intermediate_size, b.intermediate_size);
  require("num_hidden_layers", text_layers(a), text_layers(b));
  require("num_attention_heads", a.attention_heads, b.attention_heads);
  require("num_key_value_heads", a.key_value_heads, b.key_value_heads);
  require("head_dim", a.head_size, b.head_size);
  if (!same_rope(a, b))
    remarks.push_back(fmt::format("{} and {} place their tokens by different rope settings; the VLM's are kept",
                                  config_path(text), config_path(vlm)));
  if (a.rms_norm_eps != b.rms_norm_eps)
    remarks.push_back(
        fmt::format("{} has another rms_norm_eps than {}; the VLM's is kept", config_path(text), config_path(vlm)));
}

}  // namespace vlrm
