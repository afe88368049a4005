// mergekit's YAML.
#include "base/error.h"
#include "merge/recipe.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    const vlrm::Recipe recipe = vlrm::parse_recipe_or_throw({reinterpret_cast<const char*>(data), size}, "fuzz.yml");
    vlrm::recipe_to_json(recipe);
  } catch (const vlrm::Error&) {
  }
  return 0;
}
