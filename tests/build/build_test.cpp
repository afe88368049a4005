#include "build/reward_model.h"

#include "build/steps.h"
#include "build/tiny_family.h"
#include "support/support.h"

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

namespace vlrm::testing {
namespace {

class Build : public ::testing::Test {
 protected:
  PlannedModel plan(const Recipe& recipe) const {
    return plan_reward_model({family.vlm, family.rm, family.base}, recipe);
  }
  PlannedModel plan() const { return plan(recipe_from_flags({.method = "task_arithmetic", .weight = 0.5})); }
  std::string error() const {
    return error_of([&] { plan(); });
  }
  void write_config(const fs::path& directory, const std::string& pointer, const Json& value) const {
    Json config = read_json_or_throw(directory / "config.json");
    config[Json::json_pointer(pointer)] = value;
    write_text(directory / "config.json", config.dump());
  }

  const TemporaryDirectory dir;
  const TinyFamily family{dir.path()};
};

MemoryCheckpoint without(const MemoryCheckpoint& whole, const std::string& name) {
  MemoryCheckpoint rest(whole.description());
  for (const TensorInfo& tensor : whole.tensors())
    if (tensor.name != name) rest.add(tensor.name, tensor.shape, read_all_float32(whole, tensor.name));
  return rest;
}

std::vector<float> row(const std::vector<float>& values, size_t index) {
  return {values.begin() + static_cast<ptrdiff_t>(index * kHidden),
          values.begin() + static_cast<ptrdiff_t>((index + 1) * kHidden)};
}

// What run.json says of a recipe over the models `vlm` and `rm` with these parameters, as text.
std::string numbers(const std::string& method, const std::string& vlm_parameters, const std::string& rm_parameters,
                    const std::string& vlm = "vlm", const std::string& rm = "rm") {
  const std::string yaml = fmt::format(
      "{{merge_method: {}, base_model: b, tokenizer: {{source: {}}}, models: [{{model: b}}, {{model: {}, parameters: "
      "{}}}, {{model: {}, parameters: {}}}]}}",
      method, vlm, rm, rm_parameters, vlm, vlm_parameters);
  return recipe_numbers(parse_recipe_or_throw(yaml, "r.yaml")).dump();
}

TEST(RecipeNumbers, AreWhatIsOneNumber) {
  const std::string filtered = "[{filter: lm_head, value: 0}, {value: 0.7}]";
  const std::string expected = R"({"method":"ties","weights":{"vlm":0.5,"rm":0.7},"density":0.4})";
  const std::string vlm = "{weight: 0.5, density: 0.4}", rm = "{density: 0.4, weight: " + filtered + "}";
  EXPECT_EQ(numbers("ties", vlm, rm), expected);
  EXPECT_EQ(numbers("ties", vlm, rm, "./vlm_text", "./rm_text"), expected);
}

TEST(RecipeNumbers, AreNullWhereThereAreSeveralOrNone) {
  EXPECT_EQ(numbers("task_arithmetic", "{weight: 1, density: 0.4}", "{weight: [0.1, 0.9]}"),
            R"({"method":"task_arithmetic","weights":{"vlm":1.0,"rm":null},"density":null})");
  EXPECT_EQ(
      numbers("dare_ties", "{weight: 1, density: 0.4}", "{weight: [{filter: mlp, value: 1}, {value: 0}], density: 1}"),
      R"({"method":"dare_ties","weights":{"vlm":1.0,"rm":null},"density":null})");
  EXPECT_EQ(numbers("ties", "{weight: 1}", "{weight: 0}"),
            R"({"method":"ties","weights":{"vlm":1.0,"rm":0.0},"density":1.0})");
}

TEST_F(Build, ManyRecipesOpenTheModelsOnce) {
  const Recipe half = recipe_from_flags({.method = "task_arithmetic", .weight = 0.5});
  const Recipe other = recipe_from_flags({.method = "linear", .weight_rm = 0.25});
  const PlannedModel alone = plan(other);
  BuildModels models({family.vlm, family.rm, family.base});
  const PlannedModel first = models.plan(half);
  for (const fs::path& model : {family.vlm, family.rm, family.base})
    for (const char* file : {"config.json", "tokenizer.json"}) fs::remove(model / file);
  const PlannedModel second = models.plan(other);
  EXPECT_EQ(second.notes, alone.notes);
  for (const TensorInfo& tensor : alone.weights->tensors())
    EXPECT_EQ(read_all_float32(*second.weights, tensor.name), read_all_float32(*alone.weights, tensor.name))
        << tensor.name;
  EXPECT_THAT(error_of([&] { plan(other); }), HasSubstr("config.json"));
}

TEST_F(Build, TheBaseIsOpenedForRecipesThatHaveOne) {
  fs::remove(family.base / "config.json");
  BuildModels models({family.vlm, family.rm, family.base});
  models.plan(recipe_from_flags({.method = "linear", .weight_rm = 0.25}));
  EXPECT_THAT(error_of([&] { models.plan(recipe_from_flags({.method = "task_arithmetic", .weight = 0.5})); }),
              HasSubstr("config.json"));
}

TEST_F(Build, EveryPartComesFromWhereItBelongs) {
  const PlannedModel model = plan();
  const auto values = [&](const std::string& name) { return read_all_float32(*model.weights, name); };
  EXPECT_THAT(values("score.weight"), ElementsAre(1, -1, 2, -2));
  EXPECT_THAT(values("vision_model.class_embedding"), ElementsAre(9, 10));
  EXPECT_EQ(values("language_model.model.layers.1.cross_attn.q_proj.weight")[0], 7);
  EXPECT_EQ(values("language_model.lm_head.weight")[0], 5);
  // base + 0.5 (vlm − base) + 0.5 (rm − base) with counting tensors that begin at 0, 1 and 3.
  EXPECT_THAT(values("language_model.model.norm.weight"), ElementsAre(2, 3, 4, 5));
  EXPECT_EQ(values("language_model.model.layers.2.mlp.up_proj.weight")[0], 2);
  const auto embeddings = values("language_model.model.embed_tokens.weight");
  ASSERT_EQ(embeddings.size(), (kVocabulary + 8) * kHidden);
  EXPECT_THAT(row(embeddings, 1), ElementsAre(6, 7, 8, 9));
  EXPECT_THAT(row(embeddings, kVocabulary), ElementsAre(33, 34, 35, 36));  // <|image|> is the VLM's alone
  EXPECT_EQ(model.config.head, Head::reward);
  EXPECT_EQ(model.files.directory, family.vlm);
  EXPECT_THAT(model.notes, IsEmpty());
}

TEST_F(Build, LinearNeedsNoBase) {
  const auto model = plan_reward_model({family.vlm, family.rm, std::nullopt},
                                       recipe_from_flags({.method = "linear", .weight_rm = 0.5}));
  EXPECT_THAT(read_all_float32(*model.weights, "language_model.model.norm.weight"), ElementsAre(2, 3, 4, 5));
  EXPECT_THAT(error_of([&] {
                plan_reward_model({family.vlm, family.rm, std::nullopt},
                                  recipe_from_flags({.method = "task_arithmetic", .weight = 0.5}));
              }),
              HasSubstr("task_arithmetic needs the base model"));
}

TEST_F(Build, TheLaterKeyLayoutGivesTheSameModel) {
  const auto expected = plan();
  MemoryCheckpoint later("later");
  const MemoryCheckpoint weights = vlm_weights();
  for (const TensorInfo& tensor : weights.tensors()) {
    std::string name = tensor.name;
    if (name.starts_with("language_model.model."))
      name = "model.language_model." + name.substr(21);
    else if (name == "language_model.lm_head.weight")
      name = "lm_head.weight";
    else
      name.insert(0, "model.");
    later.add(name, tensor.shape, read_all_float32(weights, tensor.name));
  }
  write_model(family.vlm, later, vlm_config(), "<|image|>");
  const auto model = plan();
  ASSERT_EQ(model.weights->tensors().size(), expected.weights->tensors().size());
  for (const TensorInfo& tensor : expected.weights->tensors())
    EXPECT_EQ(read_all_float32(*model.weights, tensor.name), read_all_float32(*expected.weights, tensor.name))
        << tensor.name;
}

TEST_F(Build, RolesAreFoundUnderAnyName) {
  const auto with = [&](const std::string& yaml) { return plan(parse_recipe_or_throw(yaml, "r.yaml")); };
  const std::string parameters = "merge_method: task_arithmetic, parameters: {weight: 0.5}";
  const auto value = [](const PlannedModel& model) {
    return read_all_float32(*model.weights, "language_model.model.norm.weight")[0];
  };
  EXPECT_EQ(value(with("{" + parameters +
                       ", base_model: org/base, models: [{model: ./rm}, {model: ./text}],"
                       " tokenizer: {source: ./text, pad_to_multiple_of: 8}}")),
            2);
  EXPECT_EQ(value(with("{" + parameters +
                       ", base_model: base, models: [{model: rm}, {model: vlm}],"
                       " tokenizer: {source: vlm, pad_to_multiple_of: 8}}")),
            2);
  const auto error_with = [&](const std::string& rest) {
    return error_of([&] { with("{" + parameters + ", base_model: base, " + rest + "}"); });
  };
  const std::string tokenizer = ", tokenizer: {source: text, pad_to_multiple_of: 8}";
  EXPECT_EQ(
      value(with("{" + parameters + ", base_model: base, models: [{model: rm}, {model: text}]" + tokenizer + "}")), 2);
  EXPECT_THAT(error_with("models: [{model: a}, {model: b}]" + tokenizer),
              HasSubstr("no model stands for the VLM's text part"));
  EXPECT_THAT(error_with("models: [{model: rm}, {model: text}], tokenizer: {source: rm, pad_to_multiple_of: 8}"),
              HasSubstr("no model stands for the VLM's text part"));
  EXPECT_THAT(error_with("models: [{model: a}], tokenizer: {source: a}"), HasSubstr("there must be one model, the RM"));
  EXPECT_THAT(error_with("models: [{model: vlm}, {model: rm}], tokenizer: {source: rm}"),
              HasSubstr("the tokenizer must be the VLM's"));
  EXPECT_THAT(error_with("models: [{model: vlm}, {model: rm}], tokenizer: {source: vlm}"),
              HasSubstr("r.yaml: the merged embeddings have 9 rows, but the VLM's have 16; `pad_to_multiple_of: 8`"));
  EXPECT_THAT(error_with("models: [{model: vlm}, {model: rm}]"),
              HasSubstr("r.yaml: the line `tokenizer: {source: vlm, pad_to_multiple_of: 8}` is missing"));
  EXPECT_THAT(error_with("models: [{model: a}, {model: b}]"),
              HasSubstr("r.yaml: the line `tokenizer: {source: MODEL, pad_to_multiple_of: 8}` is missing"));
}

TEST_F(Build, ModelsOfAnotherArchitectureAreRefused) {
  EXPECT_THAT(
      error_of([&] {
        plan_reward_model({family.rm, family.rm, family.base}, recipe_from_flags({.method = "linear", .weight_rm = 1}));
      }),
      HasSubstr("must be a vision-language model (Mllama, Qwen2-VL, "));
  EXPECT_THAT(error_of([&] {
                plan_reward_model({family.vlm, family.base, family.base},
                                  recipe_from_flags({.method = "linear", .weight_rm = 1}));
              }),
              HasSubstr("not a reward model"));
  EXPECT_THAT(
      error_of([&] {
        plan_reward_model({family.vlm, family.rm, family.rm},
                          recipe_from_flags({.method = "task_arithmetic", .weight = 1}));
      }),
      HasSubstr("rm/config.json: a base is a language model, or a vision-language model; this is a reward model"));
  EXPECT_THAT(error_of([&] {
                plan_reward_model({family.vlm, family.vlm, family.base},
                                  recipe_from_flags({.method = "linear", .weight_rm = 1}));
              }),
              HasSubstr("vlm/config.json: not a reward model"));
}

TEST_F(Build, ConfigsThatDisagreeAreRefusedBeforeAnyTensorIs) {
  write_config(family.base, "/intermediate_size", 8);
  EXPECT_THAT(
      error(),
      HasSubstr("base/config.json: \"intermediate_size\" is 8, not 6: this Llama does not fit the text part of"));
  write_config(family.rm, "/num_hidden_layers", 3);
  EXPECT_THAT(error(), HasSubstr("rm/config.json: \"num_hidden_layers\" is 3, not 2"));
  write_config(family.rm, "/id2label", {{"0", "a"}, {"1", "b"}});
  EXPECT_THAT(error(), HasSubstr("rm/config.json: \"id2label\": a reward model has one label"));
  write_config(family.vlm, "/architectures", {"MllamaForSequenceClassification"});
  write_config(family.vlm, "/num_labels", 1);
  write_config(family.rm, "/num_labels", 1);
  EXPECT_THAT(error(), HasSubstr("has a reward head already"));
}

TEST_F(Build, AConfigThatLacksAFieldOrAFileIsNamed) {
  Json config = read_json_or_throw(family.rm / "config.json");
  config.erase("model_type");
  write_text(family.rm / "config.json", config.dump());
  EXPECT_THAT(error(), HasSubstr("rm/config.json: the field \"model_type\" is missing"));
  fs::remove(family.vlm / "config.json");
  EXPECT_THAT(error(), HasSubstr("vlm/config.json"));
}

TEST_F(Build, ATokenizerThatIsMissingIsNamed) {
  fs::remove(family.rm / "tokenizer.json");
  EXPECT_THAT(error(), HasSubstr("rm/tokenizer.json"));
}

TEST_F(Build, TensorsThatAreMissingOrOfAnotherShapeAreNamed) {
  MemoryCheckpoint rm = llama_weights("rm", kVocabulary + 1, 3);
  write_model(family.rm, rm, TinyFamily::rm_config(), "<pad>");
  EXPECT_THAT(error(), HasSubstr("there is no tensor score.weight"));
  rm.add("score.weight", {2, kHidden}, std::vector<float>(2 * kHidden));
  write_model(family.rm, rm, TinyFamily::rm_config(), "<pad>");
  EXPECT_THAT(error(), HasSubstr("score.weight is [2, 4], not [1, 4]"));
  MemoryCheckpoint odd = TinyFamily::rm_weights();
  odd.add("v_head.weight", {1}, {0});
  write_model(family.rm, odd, TinyFamily::rm_config(), "<pad>");
  EXPECT_THAT(error(), HasSubstr("the tensors score.weight and v_head.weight are two spellings of one"));
}

TEST_F(Build, WhatNoModelUsesIsRefusedInEveryInput) {
  MemoryCheckpoint instruct = llama_weights("instruct", kVocabulary, 0);
  instruct.add_counting("lm_head.weight", {kVocabulary, kHidden});
  instruct.add_counting("model.layers.0.self_attn.q_norm.weight", {1});
  write_model(dir / "instruct", instruct, llama_config("LlamaForCausalLM", kVocabulary), "");
  const auto refused = HasSubstr("would change what it computes: model.layers.0.self_attn.q_norm.weight");
  EXPECT_THAT(error_of([&] { plan_extract_rm(family.rm, dir / "instruct", Dtype::f32); }), refused);
  EXPECT_THAT(error_of([&] { plan_extract_vlm(family.vlm, dir / "instruct", Dtype::f32); }), refused);
  write_model(family.base, instruct, llama_config("LlamaForCausalLM", kVocabulary), "");
  EXPECT_THAT(error(), refused);
}

TEST_F(Build, AHeadThatNobodyAsksIsNoted) {
  MemoryCheckpoint vlm = vlm_weights();
  vlm.add_counting("score.weight", {1, kHidden});
  write_model(family.vlm, vlm, vlm_config(), "<|image|>");
  MemoryCheckpoint rm = TinyFamily::rm_weights();
  rm.add_counting("lm_head.weight", {kVocabulary + 1, kHidden});
  write_model(family.rm, rm, TinyFamily::rm_config(), "<pad>");
  EXPECT_THAT(plan().notes,
              ElementsAre(HasSubstr("score.weight is not used: by config.json this is a language model"),
                          HasSubstr("lm_head.weight is not used: by config.json this is a reward model")));
}

TEST_F(Build, AVlmThatIsNotWholeOrHoldsMoreIsRefused) {
  const MemoryCheckpoint whole = vlm_weights();
  write_model(family.vlm, without(whole, "vision_model.global_transformer.layers.0.gate_ffn"), vlm_config(),
              "<|image|>");
  EXPECT_THAT(error(), HasSubstr("there is no tensor vision_model.global_transformer.layers.0.gate_ffn"));
  MemoryCheckpoint more = vlm_weights();
  more.add_counting("adapter.weight", {1});
  write_model(family.vlm, more, vlm_config(), "<|image|>");
  EXPECT_THAT(error(), HasSubstr("1 tensor is no part of the Mllama that config.json describes"));
  EXPECT_THAT(error(), HasSubstr("adapter.weight"));
}

TEST_F(Build, EmbeddingsMustHaveTheReservedRows) {
  MemoryCheckpoint weights("short");
  const MemoryCheckpoint whole = vlm_weights();
  for (const TensorInfo& tensor : whole.tensors()) {
    const bool embeddings = tensor.name.ends_with("embed_tokens.weight");
    weights.add_counting(tensor.name, embeddings ? std::vector<int64_t>{kVocabulary, kHidden} : tensor.shape);
  }
  write_model(family.vlm, weights, vlm_config(), "<|image|>");
  EXPECT_THAT(error(), HasSubstr("embed_tokens.weight is [8, 4], not [16, 4]"));
}

TEST_F(Build, EveryTensorHasTheShapeThatItsConfigGivesIt) {
  const auto sizes = [](const fs::path& directory) {
    return ": these are not the sizes of " + (directory / "config.json").string();
  };
  const auto config_with = [&](const std::string& field, const Json& value) {
    Json config = vlm_config();
    config["vision_config"][field] = value;
    write_text(family.vlm / "config.json", config.dump());
    return error();
  };
  EXPECT_THAT(
      config_with("image_size", 42),
      HasSubstr("tensor vision_model.gated_positional_embedding.embedding is [5, 2], not [10, 2]" + sizes(family.vlm)));
  EXPECT_THAT(config_with("intermediate_size", 8), HasSubstr("layers.0.mlp.fc1.bias is [4], not [8]"));
  EXPECT_THAT(config_with("supported_aspect_ratios", {{1, 1}}),
              HasSubstr("tile_embedding.weight is [9, 40], not [2, 40]"));
  EXPECT_THAT(config_with("num_hidden_layers", 2), HasSubstr("there is no tensor vision_model.transformer.layers.1."));
  Json config = vlm_config();
  config["vision_config"].erase("intermediate_size");
  write_text(family.vlm / "config.json", config.dump());
  EXPECT_THAT(error(),
              ::testing::AllOf(HasSubstr("is [4], not [5120]" + sizes(family.vlm)),
                               HasSubstr("(where intermediate_size is missing, so that transformers' default holds)")));

  const MemoryCheckpoint whole = vlm_weights();
  const auto vlm_with = [&](const std::string& name, std::vector<int64_t> shape, Dtype dtype = Dtype::f32) {
    MemoryCheckpoint other = without(whole, name);
    const auto elements = static_cast<size_t>(TensorInfo{name, dtype, shape}.elements());
    other.add(name, std::move(shape), dtype == Dtype::f32 ? std::vector<float>(elements) : std::vector<float>(), dtype);
    write_model(family.vlm, other, vlm_config(), "<|image|>");
    return error();
  };
  EXPECT_THAT(vlm_with("multi_modal_projector.weight", {2, 8}),
              HasSubstr("tensor multi_modal_projector.weight is [2, 8], not [4, 4]" + sizes(family.vlm)));
  EXPECT_THAT(vlm_with("language_model.model.layers.1.cross_attn.k_norm.weight", {4}), HasSubstr("is [4], not [2]"));
  EXPECT_THAT(vlm_with("language_model.lm_head.weight", {7, 4}), HasSubstr("is [7, 4], not [8, 4]"));
  EXPECT_THAT(vlm_with("vision_model.class_embedding", {2}, Dtype::i64), HasSubstr("is I64; weights must be F32"));
}

TEST_F(Build, AStepRefusesAModelThatIsNotWhole) {
  MemoryCheckpoint instruct = llama_weights("instruct", kVocabulary, 0);
  instruct.add_counting("lm_head.weight", {kVocabulary, kHidden});
  write_model(dir / "instruct", instruct, llama_config("LlamaForCausalLM", kVocabulary), "");
  const std::string lacking = "model.layers.1.mlp.up_proj.weight";
  write_model(family.rm, without(TinyFamily::rm_weights(), lacking), TinyFamily::rm_config(), "<pad>");
  EXPECT_THAT(error_of([&] { plan_extract_rm(family.rm, dir / "instruct", Dtype::f32); }),
              HasSubstr("there is no tensor " + lacking));
  write_model(family.rm, TinyFamily::rm_weights(), TinyFamily::rm_config(), "<pad>");

  // A text model as a merge leaves it, but for what each case changes.
  const MemoryCheckpoint text = llama_weights("text", kVocabulary + 8, 2);
  const Json config = llama_config("LlamaForCausalLM", kVocabulary + 8);
  const auto map_error = [&](const MemoryCheckpoint& weights, const Json& text_config, const std::string& extra) {
    write_model(dir / "text", weights, text_config, extra);
    return error_of([&] { plan_map(dir / "text", family.vlm, family.rm); });
  };
  write_model(dir / "text", text, config, "<|image|>");
  EXPECT_NO_THROW(plan_map(dir / "text", family.vlm, family.rm));
  EXPECT_THAT(map_error(without(text, lacking), config, "<|image|>"), HasSubstr("there is no tensor " + lacking));
  MemoryCheckpoint more = text;
  more.add_counting("model.layers.2.w", {1});
  EXPECT_THAT(map_error(more, config, "<|image|>"), HasSubstr("would change what it computes: model.layers.2.w"));
  const std::string files = " in " + (dir / "text/tokenizer.json").string();
  EXPECT_THAT(map_error(text, config, "<pad>"), HasSubstr("the id 8 is \"<pad>\"" + files + ", but \"<|image|>\""));
  EXPECT_THAT(map_error(text, config, ""), HasSubstr("the id 8 is no token" + files));
  MemoryCheckpoint reward = text;
  reward.add_counting("score.weight", {1, kHidden});
  Json reward_config = TinyFamily::rm_config();
  reward_config["vocab_size"] = kVocabulary + 8;
  EXPECT_THAT(map_error(reward, reward_config, "<|image|>"), HasSubstr("this is a reward model"));
}

TEST_F(Build, EveryShapeThatDiffersIsNamed) {
  write_config(family.rm, "/intermediate_size", 8);
  write_config(family.rm, "/head_dim", 4);
  write_config(family.rm, "/attention_bias", true);
  EXPECT_THAT(error(), HasSubstr("rm/config.json: \"intermediate_size\" is 8, not 6; \"head_dim\" is 4, not 2; there "
                                 "are biases of q, k and v; there are biases of o: this Llama does not fit"));
}

TEST_F(Build, AnotherRopeIsRemarkedOn) {
  const auto note = [&] {
    const auto notes = plan().notes;
    return notes.size() == 1 ? notes[0] : fmt::format("{} notes", notes.size());
  };
  write_config(family.base, "/rope_theta", 10000.0);
  EXPECT_EQ(note(), fmt::format("{}/config.json turns its tokens by another rope, rope_theta 10000, than "
                                "{}/config.json, rope_theta 500000; the latter is kept",
                                family.base.string(), family.vlm.string()));
  write_config(family.base, "/rope_theta", 500000.0);
  for (const auto& [scaling, expected] : std::initializer_list<std::pair<const char*, const char*>>{
           {R"({"rope_type": "linear", "factor": 2.0})", "linear (factor 2)"},
           {R"({"rope_type": "dynamic", "factor": 2.0})", "dynamic (factor 2, from "},
           {R"({"rope_type": "yarn", "factor": 2.0})", "yarn (factor 2, beta_fast 32, beta_slow 1, "}}) {
    write_config(family.base, "/rope_scaling", Json::parse(scaling));
    EXPECT_THAT(note(), HasSubstr(expected));
  }
}

TEST_F(Build, ARewardModelWithoutItsPrefixIsTheSame) {
  const auto expected = read_all_float32(*plan().weights, "language_model.model.layers.0.mlp.up_proj.weight");
  MemoryCheckpoint bare("bare");
  const MemoryCheckpoint weights = TinyFamily::rm_weights();
  for (const TensorInfo& tensor : weights.tensors())
    bare.add(tensor.name.starts_with("model.") ? tensor.name.substr(6) : tensor.name, tensor.shape,
             read_all_float32(weights, tensor.name));
  write_model(family.rm, bare, TinyFamily::rm_config(), "<pad>");
  EXPECT_EQ(read_all_float32(*plan().weights, "language_model.model.layers.0.mlp.up_proj.weight"), expected);
}

TEST_F(Build, TheStepsOneByOneGiveTheSameModel) {
  MemoryCheckpoint instruct = llama_weights("instruct", kVocabulary, 0);
  instruct.add_counting("lm_head.weight", {kVocabulary, kHidden}, 100);
  write_model(dir / "instruct", instruct, llama_config("LlamaForCausalLM", kVocabulary), "");
  MemoryCheckpoint base = llama_weights("base", kVocabulary, 0);
  base.add_counting("lm_head.weight", {kVocabulary, kHidden}, 0);
  write_model(family.base, base, llama_config("LlamaForCausalLM", kVocabulary), "");
  const auto save = [&](const PlannedOutput& planned, const std::string& name) {
    fs::create_directory(dir / name);
    save_checkpoint(*planned.weights, dir / name, {}, nullptr);
    write_text(dir / name / "config.json", planned.config.dump());
    copy_side_files(planned.side_files, dir / name);
    return (dir / name).string();
  };
  const auto vlm_text = plan_extract_vlm(family.vlm, dir / "instruct", Dtype::f32);
  const auto head = read_all_float32(*vlm_text.weights, "lm_head.weight");
  EXPECT_THAT(row(head, 0), ElementsAre(5, 6, 7, 8));
  EXPECT_THAT(row(head, kVocabulary), ElementsAre(114, 115, 116, 117));  // the mean of the instruct model's rows
  const std::string text = save(vlm_text, "text");
  const std::string rm_text = save(plan_extract_rm(family.rm, dir / "instruct", Dtype::f32), "rm_text");
  const std::string yaml = fmt::format(
      "{{merge_method: task_arithmetic, base_model: {}, parameters: {{weight: 0.5}}, models: [{{model: {}}}, "
      "{{model: {}}}], tokenizer: {{source: {}, pad_to_multiple_of: 2}}}}",
      family.base.string(), text, rm_text, text);
  const auto merged = plan_merge_models(parse_recipe_or_throw(yaml, "r.yaml"));
  EXPECT_EQ(merged.config.at("vocab_size"), 10);
  std::string padded = yaml;
  padded.replace(yaml.find("of: 2"), 5, "of: 16");
  save(plan_merge_models(parse_recipe_or_throw(padded, "r.yaml")), "merged");
  const auto mapped = plan_map(dir / "merged", family.vlm, family.rm);
  const auto expected = plan();
  ASSERT_EQ(mapped.weights->tensors().size(), expected.weights->tensors().size());
  for (const TensorInfo& tensor : expected.weights->tensors())
    EXPECT_EQ(read_all_float32(*mapped.weights, tensor.name), read_all_float32(*expected.weights, tensor.name))
        << tensor.name;
  EXPECT_THAT(error_of([&] { plan_map(std::filesystem::path(text), family.rm, family.rm); }),
              HasSubstr("must be a vision-language model (Mllama, Qwen2-VL, "));
}

}  // namespace
}  // namespace vlrm::testing
