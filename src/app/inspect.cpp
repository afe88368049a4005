#include <vlrm/inspect.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include "app/listening.h"
#include "app/option_checks.h"
#include "architecture/architecture.h"
#include "architecture/reward_head.h"
#include "architecture/text_names.h"
#include "architecture/unused_tensors.h"
#include "base/error.h"
#include "build/inputs.h"
#include "text/chat_template.h"
#include "weights/pickled_weights.h"
#include "weights/tensor_place.h"

namespace vlrm {
namespace {

std::string kind_of(const ModelConfig& config) {
  const bool reward = config.head == Head::reward;
  if (config.sees()) return reward ? "vision-language reward model" : "vision-language model";
  return reward ? "text reward model" : "language model";
}

// The part of the model that a tensor of a canonical checkpoint belongs to, with its place among them.
std::pair<int, std::string> part_of(const std::string& name, const ModelConfig& config) {
  const Architecture& family = *config.architecture;
  const auto is_within = [&](std::string_view prefix) { return !prefix.empty() && name.starts_with(prefix); };
  if (is_within(family.projector_prefix)) return {1, "projector"};
  if (is_within(family.vision_prefix)) return {0, "vision"};
  if (name.ends_with("embed_tokens.weight")) return {2, "embeddings"};
  if (is_in_reward_head(name) || name == family.head) return {5, "head"};
  if (text_name(name, config)) return {3, "text"};
  if (name.starts_with(family.text_prefix)) return {4, "cross-attention"};
  return {6, "other"};
}

struct WeightsOfPart {
  int64_t parameters = 0, bytes = 0;
  std::set<std::string_view> dtypes;
};

OrderedJson parts_json(const Model& model) {
  std::map<std::pair<int, std::string>, WeightsOfPart> parts;
  for (const TensorInfo& tensor : model.weights->tensors()) {
    WeightsOfPart& part = parts[part_of(tensor.name, model.config)];
    part.parameters += tensor.elements();
    part.bytes += tensor.bytes();
    part.dtypes.insert(torch_name(tensor.dtype));
  }
  OrderedJson list = OrderedJson::array();
  for (const auto& [name, part] : parts)
    list.push_back({{"part", name.second},
                    {"parameters", part.parameters},
                    {"bytes", part.bytes},
                    {"dtypes", std::vector<std::string>(part.dtypes.begin(), part.dtypes.end())}});
  return list;
}

int64_t total(const OrderedJson& parts, const char* field) {
  int64_t sum = 0;
  for (const auto& part : parts) sum += part.at(field).get<int64_t>();
  return sum;
}

// Null where `require` is content, else what it says.
OrderedJson objection(const std::function<void()>& require) try {
  require();
  return nullptr;
} catch (const Error& error) {
  return error.what();
}

OrderedJson roles_json(const Model& model) {
  const auto as = [&](void (*require)(const Model&)) {
    return objection([&] {
      require(model);
      require_tensors(model);
      std::vector<std::string> notes;
      if (require == require_reward_model) require_head(model, notes);
    });
  };
  OrderedJson as_reward_model = as(require_reward_model);
  if (const auto several = several_labels(model.config); several && as_reward_model.is_null())
    as_reward_model = "with `score_label`: " + *several;
  return {{"vlm", as(require_vlm)}, {"rm", as_reward_model}, {"base", as(require_base)}};
}

OrderedJson template_length(const std::filesystem::path& directory) {
  OrderedJson length;
  objection([&] { length = ChatTemplate::from_directory(directory).text().size(); });
  return length;
}

OrderedJson text_or_null(const std::string& text) {
  return text.empty() ? OrderedJson(nullptr) : OrderedJson(printable(text));
}

// What the tensors of a canonical checkpoint say otherwise than its config.
void add_disagreements(const Model& model, std::vector<std::string>& notes) {
  const std::string prefix(model.config.architecture->text_prefix);
  std::set<int64_t> layers;
  for (const TensorInfo& tensor : model.weights->tensors())
    if (const TensorPlace place = place_of(tensor.name); place.prefix == prefix + "layers") layers.insert(place.layer);
  const auto compare = [&](const char* field, int64_t said, int64_t found) {
    if (said != found) notes.push_back(fmt::format("config.json has {} {}, the tensors {}", field, said, found));
  };
  compare("num_hidden_layers", model.config.text.layers, static_cast<int64_t>(layers.size()));
  const TensorInfo* embeddings = model.weights->find(prefix + "embed_tokens.weight");
  if (embeddings != nullptr && embeddings->shape.size() == 2)
    compare("hidden_size", model.config.text.hidden_size, embeddings->shape[1]);
}

void add_notes(const Model& model, std::vector<std::string>& notes) {
  if (!model.pickled_head.empty())
    notes.push_back(fmt::format("{}: a value head in a pickled file, which is not read",
                                (model.pickled_head / kPickledHead).string()));
  if (!model.prefix.empty())
    notes.push_back(fmt::format("every tensor's name begins with \"{}\", which a trainer left", model.prefix));
  const auto unused = unused_tensors(model.config, *model.weights);
  if (!unused.empty())
    notes.push_back(fmt::format("{} tensor{} no part of what config.json describes, so no model is run with them: {}{}",
                                unused.size(), unused.size() == 1 ? " is" : "s are", printable(unused.front()),
                                unused.size() > 1 ? " …" : ""));
  add_disagreements(model, notes);
}

// Of a kind that vlrm does not run; null where it does.
OrderedJson foreign_json(const ModelFiles& files) {
  if (!std::filesystem::exists(files.directory / "config.json")) return nullptr;
  const OrderedJson config = read_config(files.directory);
  const std::string type = model_type(config);
  if (type.empty() || find_architecture(type) != nullptr) return nullptr;
  std::vector<std::string> architectures = architectures_of(config);
  for (std::string& name : architectures) name = printable(name);
  const OrderedJson why = objection([&] { ModelConfig::from_directory(files.directory); });
  return {{"directory", files.directory.string()},
          {"adapter", nullptr},
          {"kind", "model that vlrm does not run"},
          {"family", printable(type)},
          {"runs", false},
          {"architectures", architectures},
          {"roles", {{"vlm", why}, {"rm", why}, {"base", why}}}};
}

OrderedJson model_json(const ModelFiles& files, const Model& model, std::vector<std::string> notes) {
  const ModelConfig& config = model.config;
  const OrderedJson parts = parts_json(model);
  add_notes(model, notes);
  return {{"directory", files.directory.string()},
          {"adapter", files.adapter ? OrderedJson(files.adapter->string()) : OrderedJson(nullptr)},
          {"kind", kind_of(config)},
          {"family", config.architecture->name},
          {"runs", true},
          {"parameters", total(parts, "parameters")},
          {"bytes", total(parts, "bytes")},
          {"parts", parts},
          {"hidden_size", config.text.hidden_size},
          {"layers", config.text.layers},
          {"cross_attention_layers", config.text.cross_attention_layers.size()},
          {"vocabulary", config.text.vocab_size},
          {"vision", text_or_null(config.sees() ? config.vision->description() : "")},
          {"labels", config.labels},
          {"value_head", text_or_null(model.value_head)},
          {"chat_template", template_length(files.chat_template())},
          {"roles", roles_json(model)},
          {"notes", notes}};
}

}  // namespace

std::string inspect(const InspectOptions& options) {
  const CallListener listening(options.listener);
  const ModelFiles files = named_model("model", options.model);
  OrderedJson json = foreign_json(files);
  if (json.is_null()) {
    std::vector<std::string> notes;
    const Model model = open_input("model", files, {}, notes);
    json = model_json(files, model, notes);
  }
  return json.dump(-1, ' ', false, OrderedJson::error_handler_t::replace) + "\n";
}

}  // namespace vlrm
