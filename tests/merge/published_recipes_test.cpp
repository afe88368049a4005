#include "merge/published_recipes.h"

#include <set>

#include "merge/recipe.h"
#include "merge/recipe_numbers.h"
#include "support/support.h"

namespace vlrm::testing {
namespace {

// The same from the options of the command line, which are like the published recipes too. Of ties they say what is
// mergekit's default.
std::string same_from_options(const Recipe& recipe) {
  RecipeFlags flags{.method = std::string(recipe.method->name)};
  flags.weight_vlm = number(recipe, 0, "weight", "model.norm.weight", 1);
  flags.weight_rm = number(recipe, 1, "weight", "model.norm.weight", 1);
  flags.density = number(recipe, 1, "density", "model.norm.weight", 1);
  return recipe_to_json(recipe_from_flags(flags)).dump();
}

TEST(PublishedRecipes, AreWhatTheOptionsMake) {
  std::set<std::string> names, recipes;
  for (const RecipeFile& file : published_recipes()) {
    Recipe recipe = parse_recipe_or_throw(file.text, file.name);
    EXPECT_THAT(recipe.notes, ::testing::IsEmpty()) << file.name;
    names.insert(file.name);
    if (recipe.method->name == "ties") {
      EXPECT_FALSE(recipe.parameters.contains("normalize"));
      recipe.parameters["normalize"] = {{"", {1}}};
    }
    recipes.insert(recipe_to_json(recipe).dump());
    EXPECT_EQ(recipe_to_json(recipe).dump(), same_from_options(recipe)) << file.name;
  }
  EXPECT_EQ(names.size(), 58U);
  EXPECT_EQ(recipes.size(), 58U);
}

}  // namespace
}  // namespace vlrm::testing
