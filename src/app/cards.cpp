#include "app/cards.h"

#include "artifact/derived_card.h"
#include "base/error.h"
#include "merge/recipe.h"

namespace vlrm {
namespace {

// The words of a command, without options that were not given.
class Command {
 public:
  explicit Command(const std::string& name) : words_{name} {}
  void add(const std::string& option, const std::string& value) {
    if (!value.empty()) words_.insert(words_.end(), {"--" + option, value});
  }
  template <class Number>
  void add(const std::string& option, const std::optional<Number>& number) {
    if (number) add(option, fmt::format("{}", *number));
  }
  void add_switch(const std::string& name, const std::optional<bool>& on) {
    if (on) words_.push_back((*on ? "--" : "--no-") + name);
  }
  std::vector<std::string> ending_with(const ModelOutput& output) {
    add("max-shard-size",
        output.max_shard_bytes == ModelOutput{}.max_shard_bytes ? "" : fmt::format("{}", output.max_shard_bytes));
    words_.insert(words_.end(), {"-o", "OUT"});
    return words_;
  }

 private:
  std::vector<std::string> words_;
};

std::map<std::string, std::string> readme(const DerivedCard& card) {
  return {{"README.md", derived_card(card)}};
}

}  // namespace

std::map<std::string, std::string> card_of(const BuildOptions& options) {
  DerivedCard card;
  card.title = "A vision-language reward model";
  card.scores = true;
  card.what = fmt::format(
      "The text part of a vision-language model, merged with a text reward model{}, without training: it sees as the "
      "first and judges as the second ([arXiv 2502.13487](https://arxiv.org/abs/2502.13487)).",
      options.method.empty() ? "" : fmt::format(" by the method {}", options.method));
  Command command("build");
  for (const auto& [role, name] :
       {std::pair("vlm", options.vlm), std::pair("rm", options.rm), std::pair("base", options.base)}) {
    if (!name.empty()) card.inputs.emplace_back(role, name);
    command.add(role, name);
  }
  if (!options.recipe.empty()) card.recipe = read_recipe_text_or_throw(options.recipe);
  if (!options.recipe.empty()) command.add("recipe", std::string("recipe.yml"));
  command.add("method", options.method);
  command.add("weight", options.weight);
  command.add("weight-vlm", options.weight_vlm);
  command.add("weight-rm", options.weight_rm);
  command.add("density", options.density);
  command.add_switch("normalize", options.normalize);
  command.add_switch("rescale", options.rescale);
  command.add("seed", options.seed);
  command.add("score-label", options.score_label);
  command.add("dtype", options.dtype);
  card.command = command.ending_with(options.output);
  return readme(card);
}

std::map<std::string, std::string> card_of(const MapOptions& options) {
  DerivedCard card;
  card.title = "A vision-language reward model";
  card.scores = true;
  card.what =
      "A merged text model in the place of the text part of a vision-language model, with the score head of a reward "
      "model.";
  card.inputs = {{"text", options.text}, {"vlm", options.vlm}, {"rm", options.rm}};
  Command command("map");
  for (const auto& [role, name] : card.inputs) command.add(role, name);
  command.add("score-label", options.score_label);
  card.command = command.ending_with(options.output);
  return readme(card);
}

std::map<std::string, std::string> card_of(const ExtractOptions& options) {
  const bool from_vlm = !options.vlm.empty();
  DerivedCard card;
  card.title = from_vlm ? "The text part of a vision-language model" : "The backbone of a reward model";
  card.what = "A language model of its own, to be merged with others; its lm_head is that of the instruct model.";
  card.inputs = {{from_vlm ? "vlm" : "rm", from_vlm ? options.vlm : options.rm}, {"instruct", options.instruct}};
  Command command("extract");
  for (const auto& [role, name] : card.inputs) command.add(role, name);
  command.add("dtype", options.dtype);
  card.command = command.ending_with(options.output);
  return readme(card);
}

}  // namespace vlrm
