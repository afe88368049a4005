#include "artifact/transformers_4.h"

#include "base/atomic_output.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

void write_json(const fs::path& path, const OrderedJson& json) {
  write_file_atomically(path, json.dump(2) + "\n", true);
}

// The settings of images move into a file of their own; transformers 4 fails where they stand in the shared one.
void split_processor_config(const fs::path& output) {
  const fs::path shared = output / "processor_config.json", own = output / "preprocessor_config.json";
  if (!fs::exists(shared)) return;
  OrderedJson json = read_ordered_json_or_throw(shared);
  if (!json.is_object() || !json.contains("image_processor") || !json.at("image_processor").is_object()) return;
  OrderedJson settings = json.at("image_processor");
  if (json.contains("processor_class")) settings["processor_class"] = json.at("processor_class");
  json.erase("image_processor");
  write_json(own, settings);
  write_json(shared, json);
}

void rename_in_tokenizer_config(const fs::path& output) {
  const fs::path path = output / "tokenizer_config.json";
  if (!fs::exists(path)) return;
  const OrderedJson before = read_ordered_json_or_throw(path);
  if (!before.is_object()) return;
  OrderedJson config = before;
  if (config.value("tokenizer_class", OrderedJson()) == "TokenizersBackend")
    config["tokenizer_class"] = "PreTrainedTokenizerFast";
  if (config.contains("extra_special_tokens") && config.at("extra_special_tokens").is_array()) {
    if (!config.contains("additional_special_tokens"))
      config["additional_special_tokens"] = config.at("extra_special_tokens");
    config.erase("extra_special_tokens");
  }
  if (config != before) write_json(path, config);
}

}  // namespace

void add_rope_of_transformers_4(OrderedJson& config) {
  if (!config.is_object()) return;
  for (auto& [key, value] : config.items())
    if (key.ends_with("_config")) add_rope_of_transformers_4(value);
  if (!config.contains("rope_parameters") || !config.at("rope_parameters").is_object()) return;
  OrderedJson scaling = config.at("rope_parameters");
  if (!scaling.contains("rope_type")) return;  // one for each kind of layer, which transformers 4 does not know
  if (scaling.contains("rope_theta") && !config.contains("rope_theta")) config["rope_theta"] = scaling.at("rope_theta");
  scaling.erase("rope_theta");
  if (scaling.at("rope_type") != "default" && !config.contains("rope_scaling")) config["rope_scaling"] = scaling;
}

void fit_side_files_to_transformers_4(const fs::path& output) {
  split_processor_config(output);
  rename_in_tokenizer_config(output);
}

}  // namespace vlrm
