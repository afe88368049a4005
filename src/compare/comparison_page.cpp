#include "compare/comparison_page.h"

#include <filesystem>
#include <set>

#include "base/content_digest.h"
#include "base/error.h"
#include "base/html.h"
#include "weights/tensor_place.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace compare_files {  // page/ and the report's style, made by CMake
extern const char* const kPage;
extern const char* const kStyle;
extern const char* const kScript;
}  // namespace compare_files

namespace {

// "models/ties" and "org/ties" are "ties" where that tells the models apart.
std::string last_component(const std::string& name) {
  const fs::path path(name);
  const std::string last = (path.has_filename() ? path : path.parent_path()).filename().string();
  return last.empty() || last == "." || last == ".." ? name : last;
}

OrderedJson short_names(const OrderedJson& comparison) {
  OrderedJson names = OrderedJson::object();
  std::set<std::string> different, whole;
  for (const char* key : {"a", "b", "base"}) {
    if (comparison.at(key).is_null()) continue;
    const auto& name = comparison.at(key).get_ref<const std::string&>();
    names[key] = last_component(name);
    different.insert(names[key].get<std::string>());
    whole.insert(name);
  }
  if (different.size() == whole.size()) return names;
  for (const auto& [key, name] : names.items()) name = comparison.at(key);
  return names;
}

}  // namespace

std::string comparison_page(const OrderedJson& comparison) {
  OrderedJson data = comparison;
  data["names"] = short_names(comparison);
  for (OrderedJson& tensor : data["tensors"]) {
    const TensorPlace place = place_of(tensor.at("name").get<std::string>());
    tensor["prefix"] = place.prefix;
    tensor["layer"] = place.layer;
    tensor["module"] = place.rest;
  }
  const std::string json = json_for_script(data);
  const auto name_of = [&](const char* key) { return data.at("names").at(key).get<std::string>(); };
  const std::string title = escaped_html(fmt::format("{} and {}", name_of("a"), name_of("b")));
  return filled_page(compare_files::kPage, {{"nonce", content_digest(json)},
                                            {"title", title},
                                            {"style", compare_files::kStyle},
                                            {"script", compare_files::kScript},
                                            {"data", json}});
}

}  // namespace vlrm
