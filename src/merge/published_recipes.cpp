#include "merge/published_recipes.h"

#include <fmt/format.h>

#include <optional>

namespace vlrm {
namespace {

struct Numbers {
  std::string method;
  double weight_vlm = 0, weight_rm = 0;
  std::optional<double> density = {};
};

// With a digit after the point always, so that names line up.
std::string decimal(double number) {
  return fmt::format("{:.1f}", number);
}

std::string name_of(const Numbers& numbers) {
  if (numbers.method == "linear") return fmt::format("linear-rm{}.yml", decimal(numbers.weight_rm));
  const std::string weight = fmt::format("{}-weight{}", numbers.method, decimal(numbers.weight_rm));
  return numbers.density ? fmt::format("{}-density{}.yml", weight, decimal(*numbers.density)) : weight + ".yml";
}

// They turn normalize off but for ties, which has it on by default: there a weight common to both models cancels.
std::string text_of(const Numbers& numbers) {
  const std::string density = numbers.density ? fmt::format("      density: {}\n", decimal(*numbers.density)) : "";
  std::string text = "merge_method: " + numbers.method + "\n";
  if (numbers.method != "linear") text += "base_model: base\n";
  text += fmt::format(
      "models:\n"
      "  - model: vlm\n"
      "    parameters:\n"
      "      weight: {}\n"
      "{}"
      "  - model: rm\n"
      "    parameters:\n"
      "      weight:\n"
      "        - filter: lm_head\n"
      "          value: 0\n"
      "        - value: {}\n"
      "{}",
      decimal(numbers.weight_vlm), density, decimal(numbers.weight_rm), density);
  if (numbers.method != "ties") text += "parameters:\n  normalize: false\n";
  return text + "tokenizer:\n  source: vlm\n  pad_to_multiple_of: 8\ndtype: float32\n";
}

}  // namespace

std::vector<RecipeFile> published_recipes() {
  std::vector<Numbers> all;
  for (int tenth = 0; tenth <= 10; ++tenth) all.push_back({"linear", (10 - tenth) / 10.0, tenth / 10.0});
  for (int tenth = 0; tenth <= 10; ++tenth) all.push_back({"task_arithmetic", tenth / 10.0, tenth / 10.0});
  for (const char* method : {"ties", "dare_linear", "dare_ties"})
    for (const double weight : {1.0, 0.7, 0.5})
      for (const double density : {0.8, 0.6, 0.4, 0.2}) all.push_back({method, weight, weight, density});
  std::vector<RecipeFile> files;
  for (const Numbers& numbers : all) files.push_back({name_of(numbers), text_of(numbers)});
  return files;
}

}  // namespace vlrm
