#include "report/provenance.h"

#include "base/error.h"
#include "base/joined.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

// "" for what is missing or no single value.
std::string text_at(const OrderedJson& object, const std::string& key) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  if (found == object.end()) return "";
  if (found->is_string()) return printable(found->get<std::string>());
  return found->is_number() || found->is_boolean() ? found->dump() : "";
}

OrderedJson object_in(const OrderedJson& object, const std::string& key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_object() ? *found : OrderedJson::object();
}

// "ties, weights vlm 1.0 rm 1.0, density 0.4, seed 3 (ties.yml)"
std::string recipe_text(const OrderedJson& recipe) {
  std::vector<std::string> parts;
  if (const std::string method = text_at(recipe, "method"); !method.empty()) parts.push_back(method);
  const OrderedJson weights = object_in(recipe, "weights");
  std::string named;
  for (const auto& [name, value] : weights.items())
    if (value.is_number()) named += fmt::format(" {} {}", printable(name), value.dump());
  if (!named.empty()) parts.push_back(fmt::format("weights{}", named));
  if (const std::string density = text_at(recipe, "density"); !density.empty())
    parts.push_back(fmt::format("density {}", density));
  if (const std::string seed = text_at(recipe, "seed"); !seed.empty() && seed != "0")
    parts.push_back(fmt::format("seed {}", seed));
  const std::string file = text_at(recipe, "file");
  std::string text = joined(parts);
  if (file.empty()) return text;
  return text.empty() ? file : fmt::format("{} ({})", text, file);
}

// "0–63 on cuda, bfloat16; 64–99 on cpu, float32"
std::string mixed_text(const OrderedJson& mixed) {
  std::vector<std::string> parts;
  for (const OrderedJson& entry : mixed) {
    if (!entry.is_object() || !entry.contains("rows") || !entry.at("rows").is_array()) continue;
    std::vector<std::string> ranges, settings;
    for (const OrderedJson& range : entry.at("rows"))
      if (range.is_array() && range.size() == 2)
        ranges.push_back(fmt::format("{}–{}", range[0].dump(), range[1].dump()));
    for (const auto& [key, value] : entry.items())
      if (const std::string text = text_at(entry, key); !text.empty())
        settings.push_back(fmt::format("{} {}", key, text));
    parts.push_back(fmt::format("{}: {}", joined(ranges), joined(settings)));
  }
  return joined(parts, "; ");
}

class Provenance {
 public:
  explicit Provenance(const OrderedJson& run) : run_(run) {}

  OrderedJson json() {
    add("Mode", text_at(run_, "mode"));
    for (const auto& [key, name] :
         {std::pair("model", "Model"), {"vlm", "VLM"}, {"rm", "Reward model"}, {"base", "Base"}})
      add(name, text_at(object_in(run_, key), "name"));
    add("Recipe", recipe_text(object_in(run_, "recipe")));
    if (text_at(run_, "likelihood") == "true") add("Score", "likelihood");
    add("dtype", text_at(run_, "dtype"));
    add("Device", text_at(run_, "device"));
    const OrderedJson data = object_in(run_, "data");
    add("Dataset", text_at(data, "name"));
    add("Config", text_at(data, "config"));
    add("Split", text_at(data, "split"));
    add("Responses", text_at(object_in(run_, "responses"), "file"));
    add("Captions", text_at(object_in(run_, "captions"), "file"));
    add("Rows", text_at(run_, "rows"));
    add("Limit", text_at(run_, "limit"));
    if (const auto mixed = run_.find("mixed"); mixed != run_.end() && mixed->is_array())
      add("Mixed rows", mixed_text(*mixed));
    add("Chat template", text_at(object_in(run_, "chat_template"), "name"));
    for (const auto& [key, name] : {std::pair("min_pixels", "Least pixels"),
                                    {"max_pixels", "Most pixels"},
                                    {"max_length", "Most tokens"},
                                    {"date", "Date in prompts"},
                                    {"vlrm", "vlrm"}})
      add(name, text_at(run_, key));
    return std::move(made_);
  }

 private:
  void add(const std::string& name, const std::string& text) {
    if (!text.empty()) made_[name] = text;
  }

  const OrderedJson& run_;
  OrderedJson made_ = OrderedJson::object();
};

}  // namespace

OrderedJson provenance_json(const fs::path& run) {
  const fs::path file = run / "run.json";
  if (!fs::is_regular_file(file)) return OrderedJson::object();
  const OrderedJson json = read_ordered_json_or_throw(file);
  return json.is_object() ? Provenance(json).json() : OrderedJson::object();
}

}  // namespace vlrm
