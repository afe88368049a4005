#include "merge/merge_plan.h"

#include "merge/memory_checkpoint.h"
#include "support/support.h"
#include "weights/tensor_place.h"

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

namespace vlrm::testing {
namespace {

std::shared_ptr<MemoryCheckpoint> model(float value, int64_t rows = 2) {
  auto checkpoint = std::make_shared<MemoryCheckpoint>("model of " + std::to_string(static_cast<int>(value)));
  checkpoint->add("model.embed_tokens.weight", {rows, 1}, std::vector<float>(static_cast<size_t>(rows), value));
  for (const char* layer : {"0", "1", "2"}) checkpoint->add(fmt::format("model.layers.{}.w", layer), {1}, {value});
  checkpoint->add("model.norm.weight", {1}, {value});
  return checkpoint;
}

MergePlan merge(const std::string& yaml, const std::vector<CheckpointPtr>& models,
                const CheckpointPtr& base = nullptr) {
  const Recipe recipe = parse_recipe_or_throw(yaml, "r.yaml");
  MergeSources sources;
  for (size_t i = 0; i < models.size(); ++i) {
    const std::string& name = recipe.models()[i].name;
    sources.models[name] = {name, models[i]};
  }
  if (base) sources.models["base"] = {"base", base};
  return plan_merge(recipe, sources);
}

float value_of(const MergePlan& merged, const std::string& name) {
  return read_all_float32(*merged.weights, name).at(0);
}

TEST(MergePlanTest, GradientsRunOverTheLayers) {
  const auto merged = merge(
      "{merge_method: linear, parameters: {normalize: false},"
      " models: [{model: a, parameters: {weight: [0, 1, 0.5]}}]}",
      {model(8)});
  EXPECT_EQ(value_of(merged, "model.embed_tokens.weight"), 0);
  EXPECT_EQ(value_of(merged, "model.layers.0.w"), 0);
  EXPECT_EQ(value_of(merged, "model.layers.1.w"), 8);
  EXPECT_EQ(value_of(merged, "model.layers.2.w"), 4);
  EXPECT_EQ(value_of(merged, "model.norm.weight"), 4);
}

TEST(MergePlanTest, TheBaseAmongTheModelsIsNotMerged) {
  const auto merged = merge(
      "{merge_method: task_arithmetic, base_model: base, parameters: {weight: 0.5},"
      " models: [{model: base}, {model: a}]}",
      {model(2), model(6)}, model(2));
  EXPECT_EQ(value_of(merged, "model.norm.weight"), 4);
}

TEST(MergePlanTest, WithoutATokenizerTheCommonRowsRemain) {
  const auto merged = merge("{merge_method: linear, parameters: {weight: 1}, models: [{model: a}, {model: b}]}",
                            {model(2, 5), model(4, 3)});
  EXPECT_THAT(merged.weights->info_or_throw("model.embed_tokens.weight").shape, ElementsAre(3, 1));
  EXPECT_THAT(merged.notes, ElementsAre("r.yaml: without \"tokenizer\", only the first 3 of the 5 rows that a has of "
                                        "the tensor model.embed_tokens.weight are merged"));
  EXPECT_THAT(read_all_float32(*merged.weights, "model.embed_tokens.weight"), ElementsAre(3, 3, 3));
}

TEST(MergePlanTest, SaysWhereTheCommonWeightOfTiesCancels) {
  const auto ties = [](const std::string& more) {
    return merge(
        "{merge_method: ties, base_model: base, models: [{model: a, parameters: {weight: 0.5}},"
        " {model: b, parameters: {weight: 0.5}}]" +
            more + "}",
        {model(2), model(4)}, model(1));
  };
  ASSERT_EQ(ties("").notes.size(), 1);
  EXPECT_THAT(ties("").notes[0], HasSubstr("another weight gives the same model (normalize: false makes it count)"));
  EXPECT_THAT(ties(", parameters: {normalize: false}").notes, IsEmpty());
  EXPECT_THAT(merge("{merge_method: ties, base_model: base, models: [{model: a, parameters: {weight: 0.5}},"
                    " {model: b, parameters: {weight: 0.4}}]}",
                    {model(2), model(4)}, model(1))
                  .notes,
              IsEmpty());
}

TEST(MergePlanTest, ADensityThatCannotBeDrawnIsRefusedBeforeAnythingIsRead) {
  for (const char* method : {"dare_linear", "dare_ties"})
    EXPECT_EQ(error_of([&] {
                merge(fmt::format("{{merge_method: {}, base_model: base, parameters: {{weight: 1}},"
                                  " models: [{{model: ./a, parameters: {{density: 1e-50}}}}]}}",
                                  method),
                      {model(2, 4)}, model(1, 4));
              }),
              "r.yaml: tensor model.embed_tokens.weight, model \"./a\": the density 1e-50 is less than can be drawn; "
              "raise it");
}

TEST(MergePlanTest, TiesKeepsOneDeltaAtLeast) {
  const auto merged =
      merge("{merge_method: ties, base_model: base, parameters: {weight: 1, density: 0.01}, models: [{model: a}]}",
            {model(2, 4)}, model(1, 4));
  EXPECT_EQ(value_of(merged, "model.norm.weight"), 2);
  EXPECT_THAT(read_all_float32(*merged.weights, "model.embed_tokens.weight"), ElementsAre(2, 1, 1, 1));
}

TEST(MergePlanTest, WeightsOfANormalizedSumThatIsZeroAreRefusedBeforeAnythingIsRead) {
  const std::string models = "models: [{model: a, parameters: {weight: 1}}, {model: b, parameters: {weight: -1}}]}";
  EXPECT_EQ(
      error_of([&] {
        merge("{merge_method: linear, " + models, {model(2), model(4)});
      }),
      "r.yaml: tensor model.embed_tokens.weight: its weights sum to 0, and linear divides by that; change them or "
      "set normalize to false");
  EXPECT_NO_THROW(merge("{merge_method: linear, parameters: {normalize: false}, " + models, {model(2), model(4)}));
}

TEST(MergePlanTest, SoAreThoseWhoseSumIsNoNumber) {
  const std::string models =
      "models: [{model: a, parameters: {weight: 3e38}}, {model: b, parameters: {weight: 3e38}}]}";
  EXPECT_EQ(error_of([&] {
              merge("{merge_method: multislerp, " + models, {model(2), model(4)});
            }),
            "r.yaml: tensor model.embed_tokens.weight: its weights sum to more than a float32 holds, and multislerp "
            "divides by that; change them or set normalize_weights to false");
}

TEST(MergePlanTest, RemarksOfTheRecipeComeAlong) {
  EXPECT_THAT(
      merge("{merge_method: linear, parameters: {weight: 1, density: 1}, models: [{model: a}]}", {model(2)}).notes,
      ElementsAre("r.yaml:1: density has no meaning for linear"));
}

TEST(TensorPlaces, LayersAreTheFirstNumberWithPartsOnBothSides) {
  const auto layer = [](const std::string& name) { return place_of(name).layer; };
  EXPECT_EQ(layer("model.layers.4095.w"), 4095);
  EXPECT_EQ(layer("h.3.attn.c_attn.weight"), 3);
  EXPECT_EQ(layer("model.layers.7.block_sparse_moe.experts.2.w1.weight"), 7);
  for (const char* name : {"model.layers.4096.w", "model.layers.9223372036854775807.w", "model.layers.-1.w", "3.w",
                           "model.layers.3", "model.norm.weight", "lm_head2.weight", ""})
    EXPECT_LT(layer(name), 0) << name;
  const TensorPlace place = place_of("gpt_neox.layers.12.mlp.bias");
  EXPECT_EQ(place.prefix, "gpt_neox.layers");
  EXPECT_EQ(place.rest, "mlp.bias");
  EXPECT_EQ(name_at(place, 3), "gpt_neox.layers.3.mlp.bias");
}

TEST(TensorPlaces, EmbeddingsComeBeforeTheLayersAndHeadsAfter) {
  for (const char* name :
       {"model.embed_tokens.weight", "gpt_neox.embed_in.weight", "wte.weight", "transformer.wpe.weight"})
    EXPECT_TRUE(is_before_layers(name)) << name;
  for (const char* name : {"lm_head.weight", "embed_out.weight", "model.norm.weight", "score.weight"})
    EXPECT_FALSE(is_before_layers(name)) << name;
  EXPECT_TRUE(is_named_like_vocabulary("embed_out.weight"));
  EXPECT_FALSE(is_named_like_vocabulary("transformer.wpe.weight"));
}

TEST(MergePlanTest, ModelsThatDoNotFitAreRefused) {
  const std::string yaml = "{merge_method: linear, parameters: {weight: 1}, models: [{model: a}, {model: b}]}";
  const auto error_with = [&](const std::shared_ptr<MemoryCheckpoint>& second) {
    return error_of([&] { merge(yaml, {model(2), second}); });
  };
  auto deeper = model(4);
  deeper->add("model.layers.3.w", {1}, {0});
  EXPECT_EQ(error_with(deeper), "a has 3 layers model.layers.*, but b has 4: name the layers by \"slices\"");
  auto bare = std::make_shared<MemoryCheckpoint>("bare");
  bare->add("transformer.norm.weight", {1}, {0});
  EXPECT_EQ(error_with(bare), "r.yaml: no tensor is in all models: they are of different kinds");

  const auto with_norm = [](std::vector<int64_t> shape, const std::vector<float>& values, Dtype dtype = Dtype::f32) {
    auto checkpoint = std::make_shared<MemoryCheckpoint>("other");
    checkpoint->add("model.norm.weight", std::move(shape), values, dtype);
    return checkpoint;
  };
  const auto error_of_norms = [&](const CheckpointPtr& second) {
    return error_of([&] { merge(yaml, {with_norm({2}, {1, 2}), second}); });
  };
  EXPECT_THAT(error_of_norms(with_norm({3}, {1, 2, 3})), HasSubstr("model.norm.weight is [2] in a and [3] in b"));
  auto flat = model(4);
  flat = std::make_shared<MemoryCheckpoint>("flat");
  flat->add("model.embed_tokens.weight", {2}, {1, 2});
  EXPECT_THAT(error_of([&] { merge(yaml, {flat, flat}); }), HasSubstr("not rows of embeddings"));
}

TEST(MergePlanTest, WhatNotAllModelsHaveIsCarriedOverAndSaidSo) {
  auto with_score = model(4);
  with_score->add("score.weight", {1}, {7}, Dtype::bf16);
  with_score->add("position_ids", {2}, {}, Dtype::i64);
  auto with_positions = model(2);
  with_positions->add("position_ids", {2}, {}, Dtype::i64);
  const auto merged = merge("{merge_method: linear, parameters: {weight: 1}, models: [{model: a}, {model: b}]}",
                            {with_positions, with_score});
  EXPECT_EQ(value_of(merged, "score.weight"), 7);
  EXPECT_EQ(merged.weights->info_or_throw("score.weight").dtype, Dtype::bf16);
  EXPECT_EQ(merged.weights->info_or_throw("position_ids").dtype, Dtype::i64);
  EXPECT_EQ(value_of(merged, "model.norm.weight"), 3);
  EXPECT_THAT(merged.notes,
              ElementsAre("1 tensor that not all models have: taken from b (score.weight)",
                          "1 tensor of another type than F32, F16 and BF16: taken from a (position_ids)"));
}

TEST(MergePlanTest, ATiedHeadIsTheEmbeddings) {
  auto untied = model(4);
  untied->add("lm_head.weight", {2, 1}, {6, 6});
  const auto merged =
      merge("{merge_method: linear, parameters: {weight: 1}, models: [{model: a}, {model: b}]}", {model(2), untied});
  EXPECT_EQ(value_of(merged, "lm_head.weight"), 4);
  EXPECT_THAT(merged.notes, IsEmpty());
}

TEST(MergePlanTest, SlicesTakeTheirLayersFromWhereTheySay) {
  const auto layered = [](float first) {
    auto checkpoint = std::make_shared<MemoryCheckpoint>("layered");
    checkpoint->add("model.embed_tokens.weight", {2, 1}, {first, first});
    for (const int layer : {0, 1, 2, 3})
      checkpoint->add(fmt::format("model.layers.{}.w", layer), {1}, {first + static_cast<float>(layer)});
    checkpoint->add("model.norm.weight", {1}, {first});
    return checkpoint;
  };
  const auto sliced = [&](const std::string& yaml) {
    const Recipe recipe = parse_recipe_or_throw(yaml, "r.yaml");
    return plan_merge(recipe, {{{"a", {"a", layered(10)}}, {"b", {"b", layered(20)}}}});
  };
  const auto merged = sliced(
      "{merge_method: linear, parameters: {weight: 1}, slices: ["
      "{sources: [{model: a, layer_range: [1, 3]}, {model: b, layer_range: [0, 2], parameters: {weight: [1, 3]}}]},"
      "{sources: [{model: b, layer_range: [3, 4]}]}]}");
  EXPECT_EQ(merged.layers, 3);
  EXPECT_EQ(value_of(merged, "model.embed_tokens.weight"), 15);  // of the first slice
  EXPECT_EQ(value_of(merged, "model.layers.0.w"), (11 + 20) / 2.0f);
  EXPECT_EQ(value_of(merged, "model.layers.1.w"), (12 + 3 * 21) / 4.0f);  // the gradient runs over the slice
  EXPECT_EQ(value_of(merged, "model.layers.2.w"), 23);
  EXPECT_EQ(value_of(merged, "model.norm.weight"), 20);  // of the last slice
  EXPECT_EQ(
      error_of([&] { sliced("{merge_method: passthrough, slices: [{sources: [{model: a, layer_range: [2, 5]}]}]}"); }),
      "r.yaml: layer_range ends at 5, but a has 4 layers model.layers.*");
}

TEST(MergePlanTest, ModulesThatAreNotNamedStay) {
  const auto towered = [](float value) {
    auto checkpoint = model(value);
    checkpoint->add("vision.layers.0.w", {1}, {value});
    return checkpoint;
  };
  const Recipe recipe = parse_recipe_or_throw(
      "{merge_method: linear, modules: {model: {models: [{model: a}, {model: b}], parameters: {weight: 0.5}}}}",
      "r.yaml");
  const auto merged = plan_merge(recipe, {{{"a", {"a", towered(2)}}, {"b", {"b", towered(4)}}}});
  EXPECT_EQ(value_of(merged, "model.layers.1.w"), 3);
  EXPECT_EQ(value_of(merged, "vision.layers.0.w"), 2);
  EXPECT_THAT(merged.notes, ElementsAre("1 tensor of modules that the recipe does not name: taken from a "
                                        "(vision.layers.0.w)"));
}

TEST(MergePlanTest, ATensorWithoutAWeightIsNamed) {
  EXPECT_THAT(error_of([] {
                merge("{merge_method: linear, models: [{model: a, parameters: {weight: {filter: norm, value: 1}}}]}",
                      {model(1)});
              }),
              HasSubstr("r.yaml: the model \"a\" has no weight for the tensor model.embed_tokens.weight"));
}

}  // namespace
}  // namespace vlrm::testing
