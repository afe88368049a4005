#include "merge/depth_recipes.h"

#include <fmt/format.h>

namespace vlrm {
namespace {

struct Rise {
  const char* name;
  const char* rm;   // the weights at equal distances through the layers; {} is that of the last one
  const char* vlm;  // with {} for what is left to 1
};
constexpr Rise kRises[] = {{"all", "[0, {:.1f}]", "[1, {:.1f}]"}, {"half", "[0, 0, {:.1f}]", "[1, 1, {:.1f}]"}};

std::string weights(double embeddings, const std::string& layers) {
  return fmt::format(
      "    parameters:\n"
      "      weight:\n"
      "        - filter: embed_tokens\n"
      "          value: {}\n"
      "        - filter: lm_head\n"
      "          value: {}\n"
      "        - value: {}\n",
      embeddings, embeddings, layers);
}

RecipeFile recipe(bool linear, const Rise& rise, double last) {
  const std::string method = linear ? "linear" : "task_arithmetic";
  const std::string vlm = linear ? fmt::format(fmt::runtime(rise.vlm), 1 - last) : "1";
  return {fmt::format("{}-depth-{}-rm{:.1f}.yml", method, rise.name, last),
          "merge_method: " + method + "\n" + (linear ? "" : "base_model: base\n") + "models:\n  - model: vlm\n" +
              weights(1, vlm) + "  - model: rm\n" + weights(0, fmt::format(fmt::runtime(rise.rm), last)) +
              "parameters:\n  normalize: false\ntokenizer:\n  source: vlm\n  pad_to_multiple_of: 8\ndtype: float32\n"};
}

}  // namespace

std::vector<RecipeFile> depth_recipes() {
  std::vector<RecipeFile> files;
  for (const bool linear : {true, false})
    for (const Rise& rise : kRises)
      for (int fifth = 1; fifth <= 5; ++fifth) files.push_back(recipe(linear, rise, fifth / 5.0));
  return files;
}

}  // namespace vlrm
