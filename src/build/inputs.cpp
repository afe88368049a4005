#include "build/inputs.h"

#include <algorithm>

#include "architecture/architecture.h"
#include "architecture/reward_head.h"
#include "architecture/unused_tensors.h"
#include "base/error.h"
#include "base/joined.h"
#include "merge/token_rows.h"
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

bool same_attention(const TextConfig& a, const TextConfig& b) {
  return a.query_key_value_biases == b.query_key_value_biases && a.output_bias == b.output_bias &&
         a.head_norms == b.head_norms;
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

void require_reward_model_tensors(const Model& model) {
  require_shapes(model, model.config.architecture->shapes(model.config));
  if (!model.value_head.empty() && model.value_head != kHeadFile)
    fail(
        "{}: {} is a value head, which reads the last token whatever it is; a merged model has a classifier's, "
        "score.weight",
        model.weights->description(), printable(model.value_head));
  require_shape(model, "score.weight", {1, model.config.text.hidden_size}, "one value of each hidden state");
  if (std::filesystem::exists(model.files.directory / kHeadFile))
    fail("{}: has its head in {}, which cannot be merged; save the head among the weights, as score.weight",
         model.files.directory.string(), kHeadFile);
  for (const TensorInfo& tensor : model.weights->tensors())
    if (is_in_reward_head(tensor.name) && tensor.name != "score.weight")
      fail("{}: tensor {} is no part of a {} reward model, and would be lost", model.weights->description(),
           printable(tensor.name), model.config.architecture->name);
}

}  // namespace

Model open_input(const std::string& role, const ModelFiles& files, const WatchInput& watch,
                 std::vector<std::string>& notes) {
  Model model = open_model(files, role, watch);
  if (auto note = unapplied_adapter(files)) notes.push_back(std::move(*note));
  if (auto note = unasked_head(model.config, *model.weights)) notes.push_back(std::move(*note));
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
  require_text_model(model);
  if (model.config.head != Head::reward)
    fail("{}: not a reward model: its architecture is not {}", config_path(model),
         model.config.architecture->reward_class);
  if (const auto several = several_labels(model.config)) fail("{}: \"id2label\": {}", config_path(model), *several);
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
  else if (model.config.head == Head::reward)
    require_reward_model_tensors(model);
  else
    require_shapes(model, model.config.architecture->shapes(model.config));
  refuse_unused_tensors(model.config, *model.weights);
}

void require_same_text_shape(const Model& model, const Model& kept, std::vector<std::string>& notes) {
  const TextConfig& a = model.config.text;
  const TextConfig& b = kept.config.text;
  const auto require = [&](const char* field, int64_t found, int64_t expected) {
    if (found != expected)
      fail("{}: \"{}\" is {}, but {} for the text part of {}: these models do not fit together", config_path(model),
           field, found, expected, config_path(kept));
  };
  require("hidden_size", a.hidden_size, b.hidden_size);
  require("intermediate_size", a.intermediate_size, b.intermediate_size);
  require("num_hidden_layers", text_layers(a), text_layers(b));
  require("num_attention_heads", a.attention_heads, b.attention_heads);
  require("num_key_value_heads", a.key_value_heads, b.key_value_heads);
  require("head_dim", a.head_size, b.head_size);
  if (!same_attention(a, b))
    fail(
        "{}: a {}, whose attention has other biases or norms than the text part of {}: these models do not fit "
        "together",
        config_path(model), model.config.architecture->name, config_path(kept));
  if (!same_rope(a, b))
    notes.push_back(fmt::format("{} places its tokens by other rope settings than {}; the latter's are kept",
                                config_path(model), config_path(kept)));
  if (a.rms_norm_eps != b.rms_norm_eps)
    notes.push_back(fmt::format("{} has another rms_norm_eps than {}; the latter's is kept", config_path(model),
                                config_path(kept)));
}

std::optional<int32_t> pad_token_of(const Model& vlm) {
  if (vlm.config.pad_token || vlm.config.architecture->pooling != Pooling::last_not_pad) return vlm.config.pad_token;
  const auto directory = vlm.files.tokenizer();
  const auto side_files = TokenizerSideFiles::from_directory(directory);
  for (const auto& named : side_files.named())
    if (named.name == "pad_token")
      if (const auto id = TokenRows::from_directory(directory).id(named.token.content);
          id && *id < vlm.config.text.vocab_size)
        return static_cast<int32_t>(*id);
  return std::nullopt;
}

void require_same_tokens(const Model& text, const Model& vlm) {
  const auto tokens = TokenRows::from_directory(text.files.tokenizer());
  if (const auto difference = tokens.difference(TokenRows::from_directory(vlm.files.tokenizer())))
    fail("{}: the text model must be merged with the VLM's tokens (tokenizer.source)", *difference);
}

}  // namespace vlrm
