#include "build/inputs.h"

#include <algorithm>
#include <tuple>

#include "architecture/architecture.h"
#include "architecture/reward_head.h"
#include "architecture/unused_tensors.h"
#include "base/error.h"
#include "base/joined.h"
#include "text/tokenizer_side_files.h"

namespace vlrm {
namespace {

std::string config_path(const Model& model) {
  return (model.files.directory / "config.json").string();
}

int64_t text_layers(const TextConfig& text) {
  return text.layers - static_cast<int64_t>(text.cross_attention_layers.size());
}

bool same_rope(const TextConfig& a, const TextConfig& b) {
  return a.rope_theta == b.rope_theta && a.rope_scaling == b.rope_scaling;
}

std::string rope_scaling_of(const TextConfig& text) {
  if (!text.rope_scaling) return "no scaling";
  const RopeScaling& rope = *text.rope_scaling;
  switch (rope.type) {
    case RopeType::llama3:
      return fmt::format("llama3 (factor {}, low_freq_factor {}, high_freq_factor {}, from {} positions)", rope.factor,
                         rope.low_freq_factor, rope.high_freq_factor, rope.original_max_position_embeddings);
    case RopeType::linear:
      return fmt::format("linear (factor {})", rope.factor);
    case RopeType::dynamic:
      return fmt::format("dynamic (factor {}, from {} positions)", rope.factor, rope.original_max_position_embeddings);
    case RopeType::yarn:
      break;
  }
  return fmt::format(
      "yarn (factor {}, beta_fast {}, beta_slow {}, attention_factor {}, truncate {}, from {} positions)", rope.factor,
      rope.beta_fast, rope.beta_slow, rope.attention_factor, rope.truncate, rope.original_max_position_embeddings);
}

// What one rope has and the other has not.
std::string rope_beside(const TextConfig& text, const TextConfig& other) {
  std::vector<std::string> parts;
  if (text.rope_theta != other.rope_theta) parts.push_back(fmt::format("rope_theta {}", text.rope_theta));
  if (text.rope_scaling != other.rope_scaling) parts.push_back(rope_scaling_of(text));
  return joined(parts);
}

// In what a model's text part differs from the one that it is merged with, where the two must agree.
std::vector<std::string> shape_differences(const TextConfig& text, const TextConfig& kept) {
  std::vector<std::string> found;
  const std::tuple<const char*, int64_t, int64_t> sizes[] = {
      {"hidden_size", text.hidden_size, kept.hidden_size},
      {"intermediate_size", text.intermediate_size, kept.intermediate_size},
      {"num_hidden_layers", text_layers(text), text_layers(kept)},
      {"num_attention_heads", text.attention_heads, kept.attention_heads},
      {"num_key_value_heads", text.key_value_heads, kept.key_value_heads},
      {"head_dim", text.head_size, kept.head_size}};
  for (const auto& [field, size, expected] : sizes)
    if (size != expected) found.push_back(fmt::format("\"{}\" is {}, not {}", field, size, expected));
  const std::tuple<const char*, bool, bool> parts[] = {
      {"biases of q, k and v", text.query_key_value_biases, kept.query_key_value_biases},
      {"biases of o", text.output_bias, kept.output_bias},
      {"norms of the heads (q_norm, k_norm)", text.head_norms, kept.head_norms}};
  for (const auto& [part, there, expected] : parts)
    if (there != expected) found.push_back(fmt::format("there are {}{}", there ? "" : "no ", part));
  return found;
}

void require_shape(const Model& model, const std::string& name, const std::vector<int64_t>& shape,
                   const std::string& why) {
  const TensorInfo& tensor = model.weights->info_or_throw(name);
  if (tensor.shape != shape)
    fail("{}: tensor {} is {}, not {}: {}", model.weights->description(), name, shape_string(tensor.shape),
         shape_string(shape), why);
  if (!is_float(tensor.dtype))
    fail("{}: tensor {} is {}; weights must be F32, F16 or BF16", model.weights->description(), name,
         safetensors_name(tensor.dtype));
}

void require_shapes(const Model& model, const TensorShapes& shapes) {
  std::string why = "these are not the sizes of " + config_path(model);
  const std::string defaulted = joined(model.config.defaulted_sizes);
  if (!defaulted.empty()) why += fmt::format(" (where {} is missing, so that transformers' default holds)", defaulted);
  for (const auto& [name, shape] : shapes) require_shape(model, name, shape, why);
}

void require_text_model(const Model& model) {
  if (model.config.sees())
    fail("{}: a text model ({}) is needed here, this one has a vision part", config_path(model),
         architecture_names(false));
}

void require_vision_language_tensors(const Model& model) {
  const TextConfig& text = model.config.text;
  const Architecture& architecture = *model.config.architecture;
  require_shape(
      model, std::string(architecture.text_prefix) + "embed_tokens.weight",
      {text.vocab_size + architecture.reserved_rows, text.hidden_size},
      fmt::format("the config's vocab_size and {} reserved rows, by hidden_size", architecture.reserved_rows));
  require_shapes(model, architecture.shapes(model.config));
}

}  // namespace

Model open_input(const std::string& role, const ModelFiles& files, const WatchInput& watch,
                 std::vector<std::string>& notes) {
  Model model = open_model(files, role, watch);
  if (auto note = unapplied_adapter(files)) notes.push_back(std::move(*note));
  const bool asks_value_head = role == "rm" && model.config.head != Head::reward && !model.value_head.empty();
  if (auto note = asks_value_head ? std::nullopt : unasked_head(model)) notes.push_back(std::move(*note));
  return model;
}

void require_vlm(const Model& model) {
  if (!model.config.sees())
    fail("{}: the VLM must be a vision-language model ({}), this is a text model", config_path(model),
         architecture_names(true));
  if (model.config.head == Head::reward)
    fail("{}: the VLM has a reward head already; give the model it was made of", config_path(model));
}

void require_reward_model(const Model& model) {
  if (model.config.head != Head::reward && model.value_head.empty())
    fail("{}: not a reward model: its architecture is not {}", config_path(model),
         model.config.architecture->reward_class);
}

void require_base(const Model& model) {
  if (model.config.head == Head::reward)
    fail("{}: a base is a language model, or a vision-language model; this is a reward model", config_path(model));
}

void require_head(const Model& rm, std::vector<std::string>& notes) {
  refuse_pickled_head(rm);
  if (!rm.value_head.empty() && !rm.config.sees())
    fail(
        "{}: {} is a value head, which reads the last token whatever it is; a merged model has a classifier's, "
        "score.weight",
        rm.weights->description(), printable(rm.value_head));
  const auto labels = static_cast<int64_t>(std::max<size_t>(rm.config.labels.size(), 1));
  require_shape(rm, "score.weight", {labels, rm.config.text.hidden_size},
                "one value of each hidden state for each label");
  bool has_bias = false;
  for (const TensorInfo& tensor : rm.weights->tensors()) {
    if (!is_in_reward_head(tensor.name) || tensor.name == "score.weight") continue;
    const bool bias_of_value_head = !rm.value_head.empty() && tensor.name == "score.bias";
    if (!bias_of_value_head)
      fail("{}: tensor {} is not a part of a {} reward model, and would be lost", rm.weights->description(),
           printable(tensor.name), rm.config.architecture->name);
    has_bias = true;
  }
  if (!rm.value_head.empty())
    notes.push_back(fmt::format(
        "{}: its value head ({}) becomes a classifier's, which reads the last token that is not the pad token, and not "
        "whichever is the last{}",
        rm.files.directory.string(), printable(rm.value_head),
        has_bias ? "; its bias, which moves all rewards alike, is left out" : ""));
  if (rm.config.sees())
    notes.push_back(fmt::format("{}: its vision part is left out; the VLM's is kept", rm.files.directory.string()));
}

void require_language_model(const Model& model) {
  require_text_model(model);
  if (model.config.head == Head::reward)
    fail("{}: a language model is needed here, this is a reward model (extract its backbone with `rm`)",
         config_path(model));
}

void require_tensors(const Model& model) {
  if (!model.prefix.empty())
    fail(
        "{}: a trainer left \"{}\" in front of every name ({}embed_tokens.weight): vlrm scores with such a model, but "
        "merges only what transformers can load; save it without",
        model.weights->description(), model.prefix, model.prefix + std::string(model.config.architecture->text_prefix));
  if (model.config.sees())
    require_vision_language_tensors(model);
  else
    require_shapes(model, model.config.architecture->shapes(model.config));
  refuse_unused_tensors(model.config, *model.weights);
}

void require_same_text_shape(const Model& model, const Model& kept, std::vector<std::string>& notes) {
  const TextConfig& a = model.config.text;
  const TextConfig& b = kept.config.text;
  if (const auto differences = shape_differences(a, b); !differences.empty())
    fail("{}: {}: this {} does not fit the text part of {}", config_path(model), joined(differences, "; "),
         model.config.architecture->name, config_path(kept));
  if (!same_rope(a, b))
    notes.push_back(fmt::format("{} turns its tokens by another rope, {}, than {}, {}; the latter is kept",
                                config_path(model), rope_beside(a, b), config_path(kept), rope_beside(b, a)));
  if (a.rms_norm_eps != b.rms_norm_eps)
    notes.push_back(fmt::format("{} has another rms_norm_eps than {}; the latter's is kept", config_path(model),
                                config_path(kept)));
}

std::optional<int32_t> pad_token_of(const Model& vlm, TokenRowsCache& vocabularies) {
  if (vlm.config.pad_token || vlm.config.architecture->pooling != Pooling::last_not_pad) return vlm.config.pad_token;
  const auto directory = vlm.files.tokenizer();
  const auto side_files = TokenizerSideFiles::from_directory(directory);
  for (const auto& named : side_files.named())
    if (named.name == "pad_token")
      if (const auto id = vocabularies.read(directory)->id(named.token.content); id && *id < vlm.config.text.vocab_size)
        return static_cast<int32_t>(*id);
  return std::nullopt;
}

void require_same_tokens(const Model& text, const Model& vlm, TokenRowsCache& vocabularies) {
  const auto tokens = vocabularies.read(text.files.tokenizer());
  if (const auto difference = tokens->difference(*vocabularies.read(vlm.files.tokenizer())))
    fail("{}: the text model must be merged with the VLM's tokens (tokenizer.source)", *difference);
}

}  // namespace vlrm
