#include "merge/recipe_set.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/error.h"
#include "merge/recipe_reader.h"

namespace vlrm {
namespace {

// "./model+./adapter" → "./model".
std::string without_adapter(const std::string& name) {
  return name.substr(0, name.find('+'));
}

class Order {
 public:
  explicit Order(std::vector<Recipe> recipes) : recipes_(std::move(recipes)) {
    for (size_t i = 0; i < recipes_.size(); ++i) {
      const auto& name = recipes_[i].name;
      const std::string key = name.value_or("");
      if (name && (name->find('/') != name->npos || *name == "." || *name == ".."))
        fail("{}: the name \"{}\" is no name of a directory", recipes_[i].source, printable(*name));
      if (!by_name_.emplace(key, i).second)
        fail("{}: two recipes {}", recipes_[i].source,
             name ? "have the name \"" + printable(*name) + "\"" : std::string("have no name"));
    }
  }

  std::vector<Recipe> sorted() {
    for (size_t i = 0; i < recipes_.size(); ++i) add(i);
    return std::move(sorted_);
  }

 private:
  void add(size_t index) {
    if (done_.contains(index)) return;
    if (!begun_.insert(index).second)
      fail("{}: the recipe \"{}\" needs its own model", recipes_[index].source, printable(*recipes_[index].name));
    std::vector<size_t> needed;
    for_each_model_name(recipes_[index], [&](std::string& name) {
      const std::string model = without_adapter(name);
      const auto found = by_name_.find(model);
      if (!model.empty() && found != by_name_.end()) needed.push_back(found->second);
    });
    for (const size_t other : needed) add(other);
    done_.insert(index);
    sorted_.push_back(recipes_[index]);
  }

  std::vector<Recipe> recipes_, sorted_;
  std::map<std::string, size_t> by_name_;
  std::set<size_t> begun_, done_;
};

}  // namespace

std::vector<Recipe> parse_recipes_or_throw(const std::string& yaml, const std::string& source) {
  std::vector<Recipe> recipes;
  for (const YAML::Node& document : load_documents_or_throw(yaml, source))
    recipes.push_back(read_recipe(document, source));
  if (recipes.empty()) fail_empty_recipe(source);
  return Order(std::move(recipes)).sorted();
}

bool is_made_by(const std::vector<Recipe>& recipes, const std::string& model) {
  const std::string name = without_adapter(model);
  return std::ranges::any_of(recipes, [&](const Recipe& recipe) { return recipe.name == name; });
}

Recipe with_models_in(const std::filesystem::path& directory, Recipe recipe, const std::vector<Recipe>& others) {
  for_each_model_name(recipe, [&](std::string& name) {
    if (is_made_by(others, name)) name = (directory / name).string();
  });
  return recipe;
}

}  // namespace vlrm
