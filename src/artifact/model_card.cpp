#include "artifact/model_card.h"

#include "artifact/hub_names.h"
#include "base/error.h"
#include "base/version.h"

namespace fs = std::filesystem;

namespace vlrm {

std::string model_card(const Recipe& recipe, const std::string& yaml, const std::string& name) {
  std::string parents, models;
  for (const std::string& model : recipe.model_names()) {
    if (is_hub_id(model)) parents += "- " + hub_repository(model) + "\n";
    models += fmt::format("* {}{}\n", hub_link(model), recipe.is_base(model) ? " (base)" : "");
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
