#include "weights/adapter_config.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include "base/error.h"
#include "weights/model_files.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

// Ways to start a training that take from the model's weights what they put into the factors.
constexpr std::array<std::string_view, 5> kResidualStarts{"pissa", "olora", "corda", "loftq", "lora_ga"};

// Settings that change what is added to the weights, or to which.
constexpr std::array kUnsupported{
    "layer_replication",       "trainable_token_indices", "target_parameters", "lora_bias",
    "alora_invocation_tokens", "megatron_config",         "arrow_config",      "kasa_config",
    "velora_config",           "monteclora_config"};

// null, false, 0, "", [] and {}.
bool is_off(const OrderedJson& value) {
  if (value.is_number()) return value.get<double>() == 0;
  if (value.is_boolean()) return !value.get<bool>();
  return value.empty() || (value.is_string() && value.get_ref<const std::string&>().empty());
}

}  // namespace

AdapterConfig::AdapterConfig(const fs::path& directory) : file_((directory / kAdapterConfig).string()) {
  if (!fs::exists(file_)) fail("{}: is not there: an adapter has one", file_);
  const OrderedJson config = read_ordered_json_or_throw(file_);
  if (!config.is_object()) fail("{}: not a JSON object", file_);
  const auto kind = required_field<std::string>(config, "peft_type", file_);
  if (kind != "LORA") fail("{}: peft_type is {}; only LORA can be merged", file_, printable(kind));
  refuse_other_weights(config);
  rank_ = static_cast<double>(required_field<int64_t>(config, "r", file_));
  alpha_ = optional_field<double>(config, "lora_alpha", 8, file_);
  by_root_ = optional_field(config, "use_rslora", false, file_);
  keeps_ties_ = optional_field(config, "ensure_weight_tying", false, file_);
  const auto task = config.find("task_type");
  is_classifier_ = task != config.end() && *task == "SEQ_CLS";
  ranks_ = patterns(config, "rank_pattern");
  alphas_ = patterns(config, "alpha_pattern");
  saved_ = optional_field<std::vector<std::string>>(config, "modules_to_save", {}, file_);
  if (std::ssize(saved_) > json_limits::kRepeats)
    fail("{}: modules_to_save has more than {} entries", file_, json_limits::kRepeats);
}

bool AdapterConfig::is_saved(const std::string& module) const {
  return std::ranges::any_of(saved_, [&](const std::string& end) { return module.ends_with(end); });
}

float AdapterConfig::scaling(const std::string& module) const {
  const double divisor = by_root_ ? std::sqrt(rank(module)) : rank(module);
  return static_cast<float>(find(alphas_, module, alpha_) / divisor);
}

// What a later peft adds as use_…, and this program does not know, is refused as well.
void AdapterConfig::refuse_other_weights(const OrderedJson& config) const {
  for (const auto& [key, value] : config.items()) {
    if (key == "use_dora" && !is_off(value)) fail("{}: DoRA (use_dora) is not supported", file_);
    const bool unknown_way = key.starts_with("use_") && key != "use_rslora";
    const bool refused = unknown_way || std::ranges::find(kUnsupported, key) != kUnsupported.end();
    if (refused && !is_off(value))
      fail("{}: {} is not supported: let peft merge the adapter (merge_and_unload), and name what it saves", file_,
           printable(key));
  }
  const auto start = config.find("init_lora_weights");
  if (start == config.end() || !start->is_string()) return;
  const auto name = start->get<std::string>();
  if (std::ranges::any_of(kResidualStarts, [&](std::string_view known) { return name.starts_with(known); }))
    fail(
        "{}: init_lora_weights is {}: its factors belong to changed weights, not to the model's; let peft convert it "
        "to a plain LoRA (path_initial_model_for_weight_conversion)",
        file_, printable(name));
}

AdapterConfig::Patterns AdapterConfig::patterns(const OrderedJson& config, const char* key) const {
  Patterns result;
  if (!config.contains(key) || config.at(key).is_null()) return result;
  if (!config.at(key).is_object()) fail("{}: {} is not an object", file_, key);
  for (const auto& [module, value] : config.at(key).items()) {
    if (!value.is_number()) fail("{}: {} of {} is not a number", file_, key, printable(module));
    if (module.find_first_of("\\^$*+?()[]{}|") != module.npos)
      fail("{}: {} has \"{}\": patterns that are regular expressions are not supported", file_, key, printable(module));
    result.emplace(module, Pattern{result.size(), value.get<double>()});
  }
  return result;
}

// A pattern is a module's whole name, or its end behind a dot. Of several that fit, the first in the file counts.
double AdapterConfig::find(const Patterns& patterns, const std::string& module, double fallback) {
  const Pattern* first = nullptr;
  for (std::string_view end = module;;) {
    if (const auto found = patterns.find(end); found != patterns.end())
      if (first == nullptr || found->second.number < first->number) first = &found->second;
    const size_t dot = end.find('.');
    if (dot == end.npos) return first == nullptr ? fallback : first->value;
    end.remove_prefix(dot + 1);
  }
}

}  // namespace vlrm
