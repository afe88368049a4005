#include "merge/recipe.h"

#include <cmath>

#include "merge/recipe_numbers.h"
#include "support/support.h"

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

namespace vlrm::testing {
namespace {

constexpr const char* kTies = R"(tokenizer:
  source: ./models/vlm_text
  pad_to_multiple_of: 8
models:
  - model: ./models/vlm_text
    parameters:
      weight: 0.7
      density: 0.4
  - model: ./models/rm_text
    parameters:
      density: 0.4
      weight:
        - filter: lm_head
          value: 0
        - value: 0.7
merge_method: ties
base_model: org/base
dtype: float32
out_dtype: bfloat16
)";

Recipe parse(const std::string& yaml) {
  return parse_recipe_or_throw(yaml, "r.yaml");
}
std::string error(const std::string& yaml) {
  return error_of([&] { parse(yaml); });
}

TEST(RecipeYaml, ReadsWhatThePublishedRecipesHold) {
  const Recipe recipe = parse(kTies);
  EXPECT_EQ(recipe.method->name, "ties");
  ASSERT_EQ(recipe.models().size(), 2);
  EXPECT_EQ(recipe.models()[1].name, "./models/rm_text");
  EXPECT_EQ(recipe.base_model, "org/base");
  EXPECT_EQ(recipe.tokenizer_source, "./models/vlm_text");
  EXPECT_EQ(recipe.pad_to_multiple_of, 8);
  EXPECT_EQ(recipe.dtype, Dtype::f32);
  EXPECT_EQ(recipe.out_dtype, Dtype::bf16);
  EXPECT_EQ(number(recipe, 0, "weight", "lm_head.weight", 1), 0.7);
  EXPECT_EQ(number(recipe, 1, "weight", "lm_head.weight", 1), 0.0);
  EXPECT_EQ(number(recipe, 1, "weight", "model.norm.weight", 1), 0.7);
  EXPECT_EQ(number(recipe, 1, "density", "model.norm.weight", 1), 0.4);
  EXPECT_EQ(number(recipe, -1, "normalize", "model.norm.weight", 1), 1);
  EXPECT_EQ(number(recipe, -1, "rescale", "model.norm.weight", 1), 0);
}

TEST(RecipeYaml, ReadsTheGoldenRecipes) {
  VLRM_NEED_GOLDENS();
  int recipes = 0;
  for (const auto& entry : fs::directory_iterator(goldens() / "reference/configs")) {
    const Recipe recipe = read_recipe_or_throw(entry.path());
    EXPECT_EQ(recipe.models().size(), 2) << entry.path();
    // What is written down in a manifest is the same recipe again.
    const std::string json = recipe_to_json(recipe).dump();
    EXPECT_EQ(recipe_to_json(parse(json)).dump(), json);
    ++recipes;
  }
  EXPECT_EQ(recipes, 14);
}

TEST(RecipeYaml, ModelsParametersComeBeforeTheRecipesAndTheseBeforeDefaults) {
  const Recipe recipe = parse(
      "{merge_method: linear, parameters: {weight: 0.2, normalize: false},"
      " models: [{model: a, parameters: {weight: {filter: mlp, value: 0.9}}}, {model: b}], tokenizer_source: b}");
  EXPECT_EQ(number(recipe, 0, "weight", "model.layers.0.mlp.up_proj.weight", 0), 0.9);
  EXPECT_EQ(number(recipe, 0, "weight", "model.norm.weight", 1), 0.2);
  EXPECT_EQ(number(recipe, 1, "weight", "model.layers.0.mlp.up_proj.weight", 0), 0.2);
  EXPECT_EQ(number(recipe, 0, "density", "model.norm.weight", 1), std::nullopt);
  EXPECT_EQ(number(recipe, -1, "normalize", "model.norm.weight", 1), 0);
  EXPECT_EQ(recipe.tokenizer_source, "b");
  EXPECT_EQ(number(parse("{merge_method: linear, models: [{model: a}]}"), -1, "normalize", "x", 0), 1);
}

TEST(RecipeYaml, GradientsAreInterpolatedOverTheLayers) {
  const Parameter gradient{{"", {0, 1, 0.5}}};
  EXPECT_EQ(evaluate(gradient, "x", 0), 0.0);
  EXPECT_EQ(evaluate(gradient, "x", 0.25), 0.5);
  EXPECT_EQ(evaluate(gradient, "x", 0.5), 1.0);
  EXPECT_EQ(evaluate(gradient, "x", 0.75), 0.75);
  EXPECT_EQ(evaluate(gradient, "x", 1), 0.5);
  EXPECT_EQ(evaluate({{"norm", {1}}}, "mlp", 1), std::nullopt);
  EXPECT_EQ(evaluate({{"norm", {1}}, {"", {2}}, {"mlp", {3}}}, "mlp", 1), 2.0);
}

TEST(RecipeYaml, ABaseThatIsNotListedIsOneOfTheModelsWhereTheMethodKnowsNoBase) {
  const auto last = [](const std::string& models) {
    return parse("{merge_method: linear, base_model: b, " + models + "}").modules.at(0).slices.at(0).models.back().name;
  };
  EXPECT_EQ(last("models: [{model: a}]"), "b");
  EXPECT_EQ(last("modules: {default: {models: [{model: a}]}}"), "b");
  EXPECT_EQ(last("models: [{model: b}, {model: a}]"), "a");
  EXPECT_EQ(last("slices: [{sources: [{model: a, layer_range: [0, 1]}]}]"), "a");
}

TEST(RecipeYaml, ErrorsNameFileLineAndTheNearestKey) {
  EXPECT_EQ(error("models:\n  - model: a\n    paramaters: {}\nmerge_method: linear"),
            "r.yaml:3: unknown key \"paramaters\"; did you mean \"parameters\"?");
  EXPECT_EQ(error("merge_metod: ties"), "r.yaml:1: unknown key \"merge_metod\"; did you mean \"merge_method\"?");
  EXPECT_THAT(error("colour: red\nmerge_method: linear"),
              HasSubstr("r.yaml:1: unknown key \"colour\"; known are: models, "));
  EXPECT_EQ(error("merge_method: tiez\nmodels: [{model: a}]"),
            "r.yaml:1: merge method \"tiez\" is not known; did you mean \"ties\"?");
  EXPECT_THAT(error("merge_method: averaging\nmodels: [{model: a}]"), HasSubstr("known are"));
  EXPECT_EQ(error("models: [{model: a}]\nmerge_method:"), "r.yaml:2: a name is needed here");
  EXPECT_THAT(error("merge_method: linear\nslices: []"), HasSubstr("r.yaml:2: \"slices\" must be a list of slices"));
  EXPECT_THAT(error("merge_method: linear\nmerge_method: ties"), HasSubstr("r.yaml:2: \"merge_method\" stands here"));
  EXPECT_THAT(error("merge_method: ties\nmodels: [{model: a}]"), HasSubstr("r.yaml:1: ties needs a \"base_model\""));
  EXPECT_THAT(error("merge_method: ties\nmodels: [{model: b}]\nbase_model: b"),
              HasSubstr("r.yaml:1: there is no model"));
  EXPECT_THAT(error("merge_method: linear\nmodels: [{model: a}, {model: a}]"), HasSubstr("a second time"));
  EXPECT_THAT(error("merge_method: linear\nmodels: []"), HasSubstr("must be a list of models"));
  EXPECT_THAT(error("merge_method: linear\nmodels: [{}]"), HasSubstr("\"model\" is missing"));
  EXPECT_THAT(error("merge_method: linear"), HasSubstr("\"models\" is missing"));
}

TEST(RecipeYaml, ModelsMayBeNamedInParts) {
  const Recipe recipe = parse(
      "merge_method: task_arithmetic\n"
      "base_model: {model: {path: org/base, revision: v1}}\n"
      "models:\n"
      "  - model: {model: org/tuned, lora: {path: org/adapter, revision: main}}\n"
      "    parameters: {weight: 1}\n"
      "tokenizer: {source: {path: org/base, revision: v1}, tokens: {a: {source: {model: org/tuned}}}}");
  EXPECT_EQ(recipe.base_model, "org/base@v1");
  EXPECT_EQ(recipe.models()[0].name, "org/tuned+org/adapter@main");
  EXPECT_EQ(recipe.tokenizer_source, "org/base@v1");
  EXPECT_EQ(recipe.tokens.at("a").model, "org/tuned");
}

TEST(RecipeYaml, ErrorsOfModelsInParts) {
  const auto message = [](const std::string& model) {
    return error("merge_method: linear\nmodels:\n  - model: " + model + "\n    parameters: {weight: 1}");
  };
  EXPECT_EQ(message("{lora: x}"), "r.yaml:3: \"model\" is missing");
  EXPECT_EQ(message("{model: x, lore: y}"), "r.yaml:3: unknown key \"lore\"; did you mean \"lora\"?");
  EXPECT_THAT(message("{path: [x]}"), HasSubstr("r.yaml:3: "));
  EXPECT_THAT(message("[x]"), HasSubstr("r.yaml:3: "));
}

TEST(RecipeYaml, MergeKeysAreNotSupported) {
  EXPECT_EQ(error("models: &m []\n<<: {merge_method: ties}"), "r.yaml:2: \"<<\" is not supported");
}

TEST(RecipeYaml, ErrorsOfValuesNameTheirLine) {
  const auto with_weight = [](const std::string& weight) {
    return error("merge_method: linear\nmodels:\n- model: a\n  parameters:\n    weight: " + weight);
  };
  EXPECT_EQ(with_weight("much"), "r.yaml:5: the weight of the model \"a\" must be a finite number, not \"much\"");
  for (const char* weight : {".inf", ".nan", "-1e39", "1e400", "true", "yes", "''"})
    EXPECT_THAT(with_weight(weight), HasSubstr("r.yaml:5: the weight of the model \"a\" must be a finite number"))
        << weight;
  EXPECT_THAT(with_weight("[]"), HasSubstr("r.yaml:5: the weight of the model \"a\" is an empty list"));
  EXPECT_THAT(with_weight("[{value: 1, filtre: x}]"), HasSubstr("did you mean \"filter\"?"));
  EXPECT_THAT(with_weight("[{filter: x}]"), HasSubstr("\"value\" is missing"));
  EXPECT_THAT(with_weight("[1, [2]]"), HasSubstr("must be a finite number"));
  EXPECT_THAT(error("merge_method: linear\nmodels: [{model: a}]\ndtype: int8"), HasSubstr("r.yaml:3: \"int8\""));
  const auto with_tokenizer = [](const std::string& text) {
    return error("merge_method: linear\nmodels: [{model: a}]\ntokenizer: " + text);
  };
  EXPECT_THAT(with_tokenizer("{source: a, pad_to_multiple_of: 0}"), HasSubstr("r.yaml:3: pad_to_multiple_of"));
  EXPECT_THAT(with_tokenizer("{source: base}"), HasSubstr("there is none"));
  EXPECT_THAT(with_tokenizer("{source: a}\ntokenizer_source: a"), HasSubstr("exclude each other"));
  EXPECT_THAT(with_tokenizer("{tokens: {<pad>: {source: {kind: one}}}}"), HasSubstr("not \"one\""));
}

TEST(RecipeYaml, DensitiesAreSharesAndSwitchesAreTrueOrFalse) {
  const auto with_density = [](const std::string& density) {
    return error("base_model: b\nmerge_method: ties\nmodels:\n- model: ./rm\n  parameters:\n    density: " + density);
  };
  for (const char* density : {"0", "-0.5", "1.5", ".nan", "[0.5, 1.5]", "{value: 2}", "half"})
    EXPECT_THAT(with_density(density), HasSubstr("r.yaml:6: the density of the model \"./rm\" must be a number above 0 "
                                                 "and at most 1, the fraction of each difference that is kept"))
        << density;
  EXPECT_NO_THROW(parse("{base_model: b, merge_method: ties, models: [{model: a, parameters: {density: 1}}]}"));
  const auto with_parameter = [](const std::string& parameter) {
    return error("base_model: b\nmerge_method: ties\nmodels: [{model: a}]\nparameters:\n  " + parameter);
  };
  EXPECT_THAT(with_parameter("density: 3"), HasSubstr("r.yaml:5: density must be a number above 0"));
  EXPECT_EQ(with_parameter("normalize: 0.5"), "r.yaml:5: normalize must be true or false, not \"0.5\"");
  EXPECT_EQ(with_parameter("normalize: 'false'"), "r.yaml:5: normalize must be true or false, not \"false\"");
  EXPECT_EQ(with_parameter("int8_mask: maybe"), "r.yaml:5: int8_mask must be true or false, not \"maybe\"");
  for (const char* value : {"true", "False", "1", "0.0", "[1, 0]"})
    EXPECT_NO_THROW(parse(fmt::format(
        "{{base_model: b, merge_method: ties, models: [{{model: a}}], parameters: {{rescale: {}}}}}", value)));
}

TEST(RecipeYaml, WhatHasNoMeaningForTheMethodIsRemarkedOn) {
  EXPECT_THAT(parse(kTies).notes, IsEmpty());
  const Recipe recipe = parse(
      "merge_method: linear\nmodels:\n- model: a\n  parameters:\n    density: 0.5\n    weight: 1\n"
      "parameters:\n  rescale: true\n  normalize: false\n  int8_mask: true");
  EXPECT_THAT(recipe.notes, UnorderedElementsAre("r.yaml:5: the density of the model \"a\" has no meaning for linear",
                                                 "r.yaml:8: rescale has no meaning for linear"));
}

TEST(RecipeYaml, AFileHoldsOneRecipe) {
  const std::string recipe = "merge_method: linear\nmodels: [{model: a}]\n";
  EXPECT_EQ(error("---\n" + recipe + "---\n" + recipe),
            "r.yaml:5: a second document begins here; a file holds one recipe");
  EXPECT_NO_THROW(parse("---\n" + recipe + "...\n---\n"));
  const std::string empty = "r.yaml: is empty; a recipe has at least \"merge_method\" and \"models\"";
  for (const char* text : {"", "\n", "# nothing\n", "---\n", "---\n---\n", "~"}) EXPECT_EQ(error(text), empty) << text;
}

TEST(RecipeYaml, AliasesDoNotMakeMuchOfLittle) {
  std::string yaml = "merge_method: linear\nmodels:\n- model: m\n  parameters: &p\n    weight: [";
  for (int i = 0; i < 2'000; ++i) yaml += "1,";
  yaml += "1]\n";
  for (int i = 0; i < 2'000; ++i) yaml += fmt::format("- {{model: m{}, parameters: *p}}\n", i);
  EXPECT_THAT(error(yaml), HasSubstr("aliases make it larger than 1000000 values"));
  EXPECT_NO_THROW(
      parse("{merge_method: linear, models: [{model: a, parameters: &p {weight: 1}}, {model: b, parameters: *p}]}"));
}

TEST(RecipeYaml, BrokenYamlIsOneLine) {
  EXPECT_THAT(error("models: [\n"), HasSubstr("r.yaml:"));
  EXPECT_THAT(error("a: b: c"), HasSubstr("not valid YAML"));
  EXPECT_THAT(error("[1]"), HasSubstr("must be a mapping"));
  EXPECT_THAT(error(std::string(100000, '[')), HasSubstr("not valid YAML"));
  EXPECT_THAT(error("? [1]\n: 2"), HasSubstr("a name is needed"));
  EXPECT_EQ(error("\n,"), "r.yaml:2: not valid YAML: no value can begin like this");
  for (const char* text : {"]", "}", "a\n---\n]", "- b\n}"})
    EXPECT_THAT(error(text), HasSubstr("not valid YAML")) << text;
}

TEST(RecipeFlagsTest, StandForThePublishedRecipes) {
  RecipeFlags flags{.method = "ties", .weight = 0.7, .density = 0.4};
  const Recipe ties = recipe_from_flags(flags);
  EXPECT_EQ(ties.base_model, "base");
  EXPECT_EQ(number(ties, 0, "weight", "lm_head.weight", 1), 0.7);
  EXPECT_EQ(number(ties, 1, "weight", "lm_head.weight", 1), 0.0);
  EXPECT_EQ(number(ties, 1, "weight", "model.norm.weight", 1), 0.7);
  EXPECT_EQ(number(ties, 1, "density", "model.norm.weight", 1), 0.4);
  EXPECT_EQ(number(ties, -1, "normalize", "x", 0), 1);
  flags.normalize = false;
  EXPECT_EQ(number(recipe_from_flags(flags), -1, "normalize", "x", 0), 0);

  const Recipe linear = recipe_from_flags({.method = "linear", .weight_rm = 0.3});
  EXPECT_EQ(number(linear, 0, "weight", "x", 0), 0.7);
  EXPECT_EQ(number(linear, 1, "weight", "x", 0), 0.3);
  EXPECT_EQ(number(linear, -1, "normalize", "x", 0), 0);
  EXPECT_FALSE(linear.base_model);
  const Recipe uneven = recipe_from_flags({.method = "task_arithmetic", .weight_vlm = 0.9, .weight_rm = 0.1});
  EXPECT_EQ(number(uneven, 0, "weight", "x", 0), 0.9);
  EXPECT_EQ(number(uneven, -1, "normalize", "x", 0), 0);
  EXPECT_EQ(number(recipe_from_flags({.method = "dare_ties", .weight = 1, .density = 0.5}), -1, "normalize", "x", 0),
            0);
}

TEST(RecipeFlagsTest, SayWhatIsMissingOrHasNoMeaning) {
  const auto error_with = [](const RecipeFlags& flags) { return error_of([&] { recipe_from_flags(flags); }); };
  EXPECT_THAT(error_with({.method = "linear", .weight = 0.5}), HasSubstr("`weight_rm`"));
  EXPECT_THAT(error_with({.method = "linear"}), HasSubstr("linear needs `weight_rm`"));
  EXPECT_THAT(error_with({.method = "ties", .weight = 1}), HasSubstr("ties needs `density`"));
  EXPECT_THAT(error_with({.method = "ties", .weight_rm = 1, .density = 0.5}), HasSubstr("`weight_vlm`"));
  EXPECT_THAT(error_with({.method = "task_arithmetic", .weight = 1, .density = 0.5}), HasSubstr("`density` has no"));
  EXPECT_THAT(error_with({.method = "linear", .weight_rm = 1, .rescale = true}), HasSubstr("`rescale` has no"));
  EXPECT_THAT(error_with({.method = "averaging"}), HasSubstr("not known"));
  for (const double density : {0.0, -1.0, 1.5, std::nan("")})
    EXPECT_THAT(error_with({.method = "ties", .weight = 1, .density = density}),
                HasSubstr("`density` must be a number above 0 and at most 1"));
  for (const double weight : {HUGE_VAL, -1e39, std::nan("")}) {
    EXPECT_THAT(error_with({.method = "task_arithmetic", .weight = weight}),
                HasSubstr("`weight` must be a finite number"));
    EXPECT_THAT(error_with({.method = "linear", .weight_rm = weight}),
                HasSubstr("`weight_rm` must be a finite number"));
    EXPECT_THAT(error_with({.method = "task_arithmetic", .weight_vlm = weight, .weight_rm = 1}),
                HasSubstr("`weight_vlm` must be a finite number"));
  }
}

}  // namespace
}  // namespace vlrm::testing
