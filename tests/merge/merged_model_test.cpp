#include "merge/merged_model.h"

#include "merge/layer_names.h"
#include "merge/memory_checkpoint.h"
#include "support/support.h"

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

MergedModel merge(const std::string& yaml, const std::vector<CheckpointPtr>& models, CheckpointPtr base = nullptr) {
  const Recipe recipe = parse_recipe_or_throw(yaml, "r.yaml");
  MergeSources sources;
  for (size_t i = 0; i < models.size(); ++i) sources.models.push_back({recipe.models[i].name, models[i], {}});
  if (base) sources.base = MergeSource{"base", base, {}};
  return plan_merge(recipe, sources);
}

float value_of(const MergedModel& merged, const std::string& name) {
  return read_all_float32(*merged.weights, name).at(0);
}

TEST(MergedModelTest, GradientsRunOverTheLayers) {
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

TEST(MergedModelTest, TheBaseAmongTheModelsIsNotMerged) {
  const auto merged = merge(
      "{merge_method: task_arithmetic, base_model: base, parameters: {weight: 0.5},"
      " models: [{model: base}, {model: a}]}",
      {model(2), model(6)}, model(2));
  EXPECT_EQ(value_of(merged, "model.norm.weight"), 4);
}

TEST(MergedModelTest, WithoutATokenizerTheCommonRowsRemain) {
  const auto merged = merge("{merge_method: linear, parameters: {weight: 1}, models: [{model: a}, {model: b}]}",
                            {model(2, 5), model(4, 3)});
  EXPECT_THAT(merged.weights->info_or_throw("model.embed_tokens.weight").shape, ElementsAre(3, 1));
  EXPECT_THAT(merged.remarks, ElementsAre("r.yaml: without \"tokenizer\", only the first 3 of the 5 rows that a has of "
                                          "the tensor model.embed_tokens.weight are merged"));
  EXPECT_THAT(read_all_float32(*merged.weights, "model.embed_tokens.weight"), ElementsAre(3, 3, 3));
}

TEST(MergedModelTest, SaysWhereTheCommonWeightOfTiesCancels) {
  const auto ties = [](const std::string& more) {
    return merge(
        "{merge_method: ties, base_model: base, models: [{model: a, parameters: {weight: 0.5}},"
        " {model: b, parameters: {weight: 0.5}}]" +
            more + "}",
        {model(2), model(4)}, model(1));
  };
  ASSERT_EQ(ties("").remarks.size(), 1);
  EXPECT_THAT(ties("").remarks[0], HasSubstr("another weight gives the same model (normalize: false makes it count)"));
  const Recipe options = recipe_from_flags({.method = "ties", .weight = 1, .density = 1});
  Recipe unaligned = options;
  unaligned.tokenizer_source.reset();
  const MergeSources sources{{{"vlm", model(2), {}}, {"rm", model(3), {}}}, MergeSource{"base", model(1), {}}};
  EXPECT_THAT(plan_merge(unaligned, sources).remarks,
              ElementsAre(HasSubstr("another --weight gives the same model (--no-normalize makes it count)")));
  EXPECT_THAT(ties(", parameters: {normalize: false}").remarks, IsEmpty());
  EXPECT_THAT(merge("{merge_method: ties, base_model: base, models: [{model: a, parameters: {weight: 0.5}},"
                    " {model: b, parameters: {weight: 0.4}}]}",
                    {model(2), model(4)}, model(1))
                  .remarks,
              IsEmpty());
}

TEST(MergedModelTest, ADensityThatKeepsNothingIsRefusedBeforeAnythingIsRead) {
  const auto with_density = [](double density, const std::string& method = "ties") {
    return merge(fmt::format("{{merge_method: {}, base_model: base, parameters: {{weight: 1}},"
                             " models: [{{model: ./a, parameters: {{density: {}}}}}]}}",
                             method, density),
                 {model(2, 4)}, model(1, 4));
  };
  EXPECT_EQ(error_of([&] { with_density(0.2); }),
            "r.yaml: the density 0.2 of the model \"./a\" keeps none of the 4 elements of the tensor "
            "model.embed_tokens.weight; raise it");
  EXPECT_THAT(error_of([&] { with_density(0.5); }), HasSubstr("none of the 1 elements of the tensor model.layers.0.w"));
  EXPECT_NO_THROW(with_density(1));
  for (const char* method : {"dare_linear", "dare_ties"}) {
    // In float32, what such a density divides by is 0.
    EXPECT_THAT(error_of([&] { with_density(1e-50, method); }), HasSubstr("the density 1e-50 of the model \"./a\""));
    EXPECT_THAT(error_of([&] { with_density(0.2, method); }), HasSubstr("keeps none of the 4 elements"));
    EXPECT_NO_THROW(with_density(1, method));
  }
}

TEST(MergedModelTest, WeightsOfANormalizedSumThatIsZeroAreRefusedBeforeAnythingIsRead) {
  const std::string models = "models: [{model: a, parameters: {weight: 1}}, {model: b, parameters: {weight: -1}}]}";
  EXPECT_EQ(error_of([&] {
              merge("{merge_method: linear, " + models, {model(2), model(4)});
            }),
            "r.yaml: the weights of the tensor model.embed_tokens.weight sum to 0, and linear divides by that; change "
            "them or set normalize to false");
  EXPECT_NO_THROW(merge("{merge_method: linear, parameters: {normalize: false}, " + models, {model(2), model(4)}));
}

TEST(MergedModelTest, RemarksOfTheRecipeComeAlong) {
  EXPECT_THAT(
      merge("{merge_method: linear, parameters: {weight: 1, density: 1}, models: [{model: a}]}", {model(2)}).remarks,
      ElementsAre("r.yaml:1: density has no meaning for linear"));
}

TEST(LayerNames, EndWhereNoModelHasMore) {
  EXPECT_EQ(find_layer("model.layers.4095.w")->layer, 4095);
  EXPECT_FALSE(find_layer("model.layers.4096.w"));
  EXPECT_FALSE(find_layer("model.layers.9223372036854775807.w"));
  EXPECT_FALSE(find_layer("model.layers.-1.w"));
  EXPECT_FALSE(find_layer("model.mylayers.1.w"));
}

TEST(MergedModelTest, ModelsThatDoNotFitAreRefused) {
  const std::string yaml = "{merge_method: linear, parameters: {weight: 1}, models: [{model: a}, {model: b}]}";
  const auto error_with = [&](const std::shared_ptr<MemoryCheckpoint>& second) {
    return error_of([&] { merge(yaml, {model(2), second}); });
  };
  auto other = model(4);
  other->add("model.extra.weight", {1}, {0});
  EXPECT_THAT(error_with(other), HasSubstr("a (model of 2): the tensor model.extra.weight, which other models have"));
  auto bare = std::make_shared<MemoryCheckpoint>("bare");
  bare->add("model.norm.weight", {1}, {0});
  EXPECT_THAT(error_with(bare), HasSubstr("b (bare): the tensor model.embed_tokens.weight"));

  const auto with_norm = [](std::vector<int64_t> shape, std::vector<float> values, Dtype dtype = Dtype::f32) {
    auto checkpoint = std::make_shared<MemoryCheckpoint>("other");
    checkpoint->add("model.norm.weight", std::move(shape), values, dtype);
    return checkpoint;
  };
  const auto error_of_norms = [&](const CheckpointPtr& second) {
    return error_of([&] { merge(yaml, {with_norm({2}, {1, 2}), second}); });
  };
  EXPECT_THAT(error_of_norms(with_norm({3}, {1, 2, 3})), HasSubstr("model.norm.weight is [2] in a and [3] in b"));
  EXPECT_THAT(error_of_norms(with_norm({2}, {}, Dtype::i64)), HasSubstr("is I64; only F32"));
  auto flat = model(4);
  flat = std::make_shared<MemoryCheckpoint>("flat");
  flat->add("model.embed_tokens.weight", {2}, {1, 2});
  EXPECT_THAT(error_of([&] { merge(yaml, {flat, flat}); }), HasSubstr("not rows of embeddings"));
}

TEST(MergedModelTest, ATensorWithoutAWeightIsNamed) {
  EXPECT_THAT(error_of([] {
                merge("{merge_method: linear, models: [{model: a, parameters: {weight: {filter: norm, value: 1}}}]}",
                      {model(1)});
              }),
              HasSubstr("r.yaml: the model \"a\" has no weight for the tensor model.embed_tokens.weight"));
}

}  // namespace
}  // namespace vlrm::testing
