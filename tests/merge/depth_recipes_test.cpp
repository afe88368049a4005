#include "merge/depth_recipes.h"

#include <set>

#include "merge/recipe.h"
#include "merge/recipe_numbers.h"
#include "support/support.h"

namespace vlrm::testing {
namespace {

// The weights of the VLM and the RM for a tensor at this depth, from 0, the first layer, to 1, the last one.
std::pair<double, double> weights(const Recipe& recipe, double depth, const char* tensor = "mlp.up_proj.weight") {
  return {number(recipe, 0, "weight", tensor, depth).value(), number(recipe, 1, "weight", tensor, depth).value()};
}

TEST(DepthRecipes, KeepTheVlmsEmbeddingsAndRiseToTheLastLayer) {
  std::set<std::string> names;
  for (const RecipeFile& file : depth_recipes()) {
    const Recipe recipe = parse_recipe_or_throw(file.text, file.name);
    EXPECT_THAT(recipe.notes, ::testing::IsEmpty()) << file.name;
    names.insert(file.name);
    const bool linear = recipe.method->name == "linear", half = file.name.find("-half-") != std::string::npos;
    const double last = std::stod(file.name.substr(file.name.find("-rm") + 3));
    EXPECT_EQ(weights(recipe, 0), std::pair(1.0, 0.0)) << file.name;
    EXPECT_EQ(weights(recipe, 1, "model.embed_tokens.weight"), std::pair(1.0, 0.0)) << file.name;
    const double middle = half ? 0 : last / 2;
    for (const auto& [depth, rm] : {std::pair(0.5, middle), std::pair(1.0, last)}) {
      EXPECT_NEAR(weights(recipe, depth).second, rm, 1e-12) << file.name;
      EXPECT_NEAR(weights(recipe, depth).first, linear ? 1 - rm : 1, 1e-12) << file.name;
    }
  }
  EXPECT_EQ(names.size(), 20U);
}

}  // namespace
}  // namespace vlrm::testing
