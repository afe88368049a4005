#include "architecture/read_model.h"

#include <algorithm>
#include <array>
#include <utility>

#include "architecture/text_names.h"
#include "base/error.h"
#include "weights/adapter.h"
#include "weights/tensor_place.h"
#include "weights/views.h"

namespace vlrm {
namespace {

constexpr const char* kScore = "score.weight";
constexpr std::array kTextParts{"text_config", "llm_config", "language_config"};

// What wrappers of trainers (DDP, peft, torch.compile) put in front of every name, as far as all have it.
std::string left_prefix(const Checkpoint& weights) {
  constexpr std::array<std::string_view, 4> kWrappers{"module.", "base_model.model.", "_orig_mod.", "_forward_module."};
  std::string prefix;
  const auto all_go_on_with = [&](std::string_view wrapper) {
    return !weights.tensors().empty() && std::ranges::all_of(weights.tensors(), [&](const TensorInfo& tensor) {
      return tensor.name.size() > prefix.size() && tensor.name.substr(prefix.size()).starts_with(wrapper);
    });
  };
  for (;;) {
    const auto* const next = std::ranges::find_if(kWrappers, all_go_on_with);
    if (next == kWrappers.end()) return prefix;
    prefix += *next;
  }
}

Renaming renaming_of(const OrderedJson& config) {
  return canonical_names(find_architecture(model_type(config)));
}

// Such as a reward model: it has a head of another kind.
bool is_classifier(const OrderedJson& config) {
  return std::ranges::any_of(architectures_of(config),
                             [](const std::string& name) { return name.ends_with("Classification"); });
}

// Of the model types whose layers are transformers' Conv1D, for which peft sets fan_in_fan_out whatever the config
// says; for all others it takes it back.
bool has_transposed_matrices(std::string_view type) {
  constexpr std::array<std::string_view, 4> kTypes{"gpt2", "openai-gpt", "imagegpt", "decision_transformer"};
  return std::ranges::find(kTypes, type) != kTypes.end();
}

AdapterTarget target_of(const ReadModel& model) {
  AdapterTarget target{model.weights, renaming_of(model.config), {}, {}};
  const TensorInfo* embeddings = embeddings_of(*model.weights);
  const TensorInfo* head = head_of(*model.weights);
  if (embeddings != nullptr) target.embeddings = embeddings->name;
  const Architecture* architecture = find_architecture(model_type(model.config));
  target.head = head != nullptr                                    ? head->name
                : architecture != nullptr                          ? std::string(architecture->head)
                : target.embeddings.starts_with("language_model.") ? "language_model.lm_head.weight"
                                                                   : "lm_head.weight";
  target.tied =
      embeddings != nullptr && !is_classifier(model.config) && has_tied_embeddings(model.config, model.weights);
  target.transposed = has_transposed_matrices(model_type(model.config));
  if (target.tied && head != nullptr)  // a copy, which is not read
    target.weights = renamed(target.weights, [copy = target.head](const std::string& name) {
      return name == copy ? std::nullopt : std::optional(name);
    });
  return target;
}

void make_classifier(OrderedJson& config, int64_t labels, const std::string& source) {
  constexpr std::string_view kCausal = "ForCausalLM";
  std::vector<std::string> names = architectures_of(config);
  if (names.empty() || !names.front().ends_with(kCausal))
    fail("{}: the adapter has a score head, and that makes a classifier of a …{}, but this is a {}", source, kCausal,
         names.empty() ? "model of no kind that its config tells" : printable(names.front()));
  const std::string family = names.front().substr(0, names.front().size() - kCausal.size());
  config["architectures"] = {family + "ForSequenceClassification"};
  config.erase("num_labels");
  config["id2label"] = config["label2id"] = OrderedJson::object();
  for (int64_t i = 0; i < labels; ++i) {
    const std::string label = fmt::format("LABEL_{}", i);
    config["id2label"][std::to_string(i)] = label;
    config["label2id"][label] = i;
  }
}

// What the adapter changes beside the numbers.
void adapt_config(OrderedJson& config, const AdapterTarget& target, const Checkpoint& adapted,
                  const std::string& source) {
  const TensorInfo* score = adapted.find(kScore);
  if (score != nullptr && target.weights->find(kScore) == nullptr) make_classifier(config, score->shape.at(0), source);
  const TensorInfo* rows = adapted.find(target.embeddings);
  const TensorInfo* before = target.weights->find(target.embeddings);
  OrderedJson& text = text_part(config);
  if (rows != nullptr && before != nullptr && rows->shape != before->shape) {
    const Architecture* architecture = find_architecture(model_type(config));
    if (architecture != nullptr && architecture->reserved_rows > 0)
      fail("{}: an adapter with another vocabulary than its {}'s is not supported", source, architecture->name);
    text["vocab_size"] = rows->shape.at(0);
  }
  if (target.tied && adapted.find(target.head) != nullptr) text[kTied] = config[kTied] = false;
}

}  // namespace

std::string model_type(const OrderedJson& config) {
  const auto type = config.find("model_type");
  return type != config.end() && type->is_string() ? type->get<std::string>() : "";
}

std::vector<std::string> architectures_of(const OrderedJson& config) {
  std::vector<std::string> names;
  const auto found = config.find("architectures");
  if (found == config.end() || !found->is_array()) return names;
  for (const OrderedJson& name : *found)
    if (name.is_string()) names.push_back(name.get<std::string>());
  return names;
}

const OrderedJson& text_part(const OrderedJson& config) {
  for (const char* key : kTextParts)
    if (config.contains(key) && config.at(key).is_object()) return config.at(key);
  return config;
}
OrderedJson& text_part(OrderedJson& config) {
  return const_cast<OrderedJson&>(text_part(std::as_const(config)));
}

bool has_tied_embeddings(const OrderedJson& config, const CheckpointPtr& weights) {
  for (const OrderedJson* part : {&text_part(config), &config})
    if (const auto said = part->find(kTied); said != part->end() && said->is_boolean()) return said->get<bool>();
  return head_of(*weights) == nullptr && !is_classifier(config);
}

ReadModel read_model(const ModelFiles& files, const std::string& role, const WatchInput& watch) {
  ReadModel model{read_config(files.directory), open_checkpoint(files.directory)};
  if (watch) model.weights = watch(role, files.directory, model.weights);
  const Architecture* known = find_architecture(model_type(model.config));
  if (known != nullptr) model.prefix = left_prefix(*model.weights);
  if (!model.prefix.empty())
    model.weights = renamed(std::move(model.weights), [length = model.prefix.size()](const std::string& name) {
      return std::optional(name.substr(length));
    });
  model.weights = renamed(std::move(model.weights), canonical_names(known));
  if (known != nullptr && known->original != nullptr)
    model.weights = with_equal_rows(std::move(model.weights), known->original->parts);
  if (!files.adapter) return model;
  CheckpointPtr adapter = open_adapter(*files.adapter);
  if (watch) adapter = watch(kAdapterRole + role, *files.adapter, std::move(adapter));
  const AdapterTarget target = target_of(model);
  model.weights = with_adapter(target, *files.adapter, std::move(adapter));
  adapt_config(model.config, target, *model.weights, files.adapter->string());
  return model;
}

}  // namespace vlrm
