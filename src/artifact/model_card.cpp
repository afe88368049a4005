#include "artifact/model_card.h"

#include <algorithm>

#include "base/error.h"
#include "base/version.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

// "org/name" or "org/name@revision": what is no directory here can only be one of the hub's.
bool is_hub_id(const std::string& name) {
  std::error_code error;
  return std::ranges::count(name, '/') == 1 && name.front() != '/' && name.front() != '.' && !fs::exists(name, error);
}

std::string linked(const std::string& name) {
  if (!is_hub_id(name)) return "`" + name + "`";
  return fmt::format("[{0}](https://huggingface.co/{1})", name, name.substr(0, name.find_first_of("@+")));
}

}  // namespace

std::string model_card(const Recipe& recipe, const std::string& yaml, const std::string& name) {
  std::string parents, models;
  for (const std::string& model : recipe.model_names()) {
    if (is_hub_id(model)) parents += "- " + model.substr(0, model.find_first_of("@+")) + "\n";
    models += fmt::format("* {}{}\n", linked(model), recipe.is_base(model) ? " (base)" : "");
  }
  const Method& method = *recipe.method;
  const std::string title(method.title);
  const std::string how = method.reference.empty() ? title : fmt::format("[{}]({})", title, method.reference);
  return fmt::format(
      "---\n{}library_name: transformers\ntags:\n- merge\n- vlrm\n---\n# {}\n\n"
      "Merged by vlrm {} with the method {} from\n\n{}\nThe recipe:\n\n```yaml\n{}{}```\n",
      parents.empty() ? "" : "base_model:\n" + parents, name, version(), how, models, yaml,
      yaml.ends_with('\n') ? "" : "\n");
}

std::map<std::string, std::string> descriptions(const Recipe& recipe, const std::string& yaml,
                                                const fs::path& directory) {
  const fs::path name = directory.has_filename() ? directory.filename() : directory.parent_path().filename();
  return {{"README.md", model_card(recipe, yaml, name.string())}, {"mergekit_config.yml", yaml}};
}

}  // namespace vlrm
