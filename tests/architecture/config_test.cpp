#include "architecture/config.h"

#include "architecture/mllama/mllama.h"

#include "build/tiny_family.h"
#include "support/support.h"

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;

namespace vlrm::testing {
namespace {

ModelConfig read(const Json& json) {
  const TemporaryDirectory dir;
  write_text(dir / "config.json", json.dump());
  return ModelConfig::from_directory(dir.path());
}
std::string error(const Json& json) {
  return error_of([&] { read(json); });
}
Json with(Json json, const std::string& pointer, const Json& value) {
  json[Json::json_pointer(pointer)] = value;
  return json;
}

TEST(Config, ReadsTheGoldenModels) {
  VLRM_NEED_GOLDENS();
  const auto vlm = ModelConfig::from_directory(goldens() / "models/vlm");
  const Json written = read_json_or_throw(goldens() / "models/vlm/config.json");
  const Json& text = written.at("text_config");
  ASSERT_TRUE(vlm.vision);
  EXPECT_EQ(vlm.head, Head::language_model);
  EXPECT_EQ(vlm.text.layers, text.at("num_hidden_layers"));
  EXPECT_THAT(vlm.text.cross_attention_layers,
              ElementsAreArray(text.at("cross_attention_layers").get<std::vector<int>>()));
  EXPECT_EQ(vlm.text.rope_theta, 500000);  // not in the file
  EXPECT_EQ(mllama_vision(vlm).attention_heads, 2);
  EXPECT_EQ(mllama_vision(vlm).max_tiles, 4);
  EXPECT_EQ(mllama_vision(vlm).supported_aspect_ratios.size(), 8);
  EXPECT_EQ(vlm.image_token, text.at("vocab_size"));
  EXPECT_EQ(vlm.pad_token, std::nullopt);
  EXPECT_EQ(vlm.dtype, Dtype::bf16);
  const auto rm = ModelConfig::from_directory(goldens() / "models/rm");
  EXPECT_FALSE(rm.vision);
  EXPECT_EQ(rm.head, Head::reward);
  EXPECT_EQ(rm.pad_token, text.at("vocab_size").get<int64_t>());
  EXPECT_EQ(rm.text.rope_scaling->factor, 8);
  EXPECT_EQ(ModelConfig::from_directory(goldens() / "vlrm_ties").head, Head::reward);
}

TEST(Config, SaysWhereAValueIsTheDefaultOfAMissingField) {
  EXPECT_THAT(
      error({{"model_type", "llama"}, {"num_attention_heads", 7}}),
      HasSubstr("config.json: \"hidden_size\" (missing, so transformers' default): 4096 is no multiple of the 7"));
  EXPECT_THAT(error({{"model_type", "llama"}, {"hidden_size", 30}, {"num_attention_heads", 7}}),
              HasSubstr("config.json: \"hidden_size\": 30 is no multiple"));
  EXPECT_THAT(read({{"model_type", "llama"}, {"hidden_size", 64}, {"num_hidden_layers", 2}}).defaulted_sizes,
              ElementsAre("vocab_size", "intermediate_size"));
}

TEST(Config, WhatIsLeftOutTakesTransformersDefaults) {
  const auto llama = read({{"model_type", "llama"}});
  EXPECT_EQ(llama.text.vocab_size, 32000);
  EXPECT_EQ(llama.text.key_value_heads, 32);
  EXPECT_EQ(llama.text.head_size, 128);
  EXPECT_EQ(llama.text.rms_norm_eps, 1e-6);
  EXPECT_EQ(llama.text.rope_theta, 10000);
  const auto mllama =
      read({{"model_type", "mllama"}, {"text_config", Json::object()}, {"vision_config", Json::object()}});
  EXPECT_EQ(mllama.text.vocab_size, 128256);
  EXPECT_EQ(mllama.text.layers, 40);
  EXPECT_THAT(mllama.text.cross_attention_layers, ElementsAre(3, 8, 13, 18, 23, 28, 33, 38));
  EXPECT_THAT(mllama_vision(mllama).intermediate_layers, ElementsAre(3, 7, 15, 23, 30));
  EXPECT_EQ(mllama_vision(mllama).output_size, 7680);
  EXPECT_EQ(mllama.image_token, 128256);
}

TEST(Config, LaterSpellingsAreRead) {
  const auto config = read({{"model_type", "llama"},
                            {"dtype", "float16"},
                            {"rope_parameters",
                             {{"rope_theta", 7.0},
                              {"rope_type", "llama3"},
                              {"factor", 8},
                              {"low_freq_factor", 1},
                              {"high_freq_factor", 4},
                              {"original_max_position_embeddings", 100}}}});
  EXPECT_EQ(config.dtype, Dtype::f16);
  EXPECT_EQ(config.text.rope_theta, 7);
  EXPECT_EQ(config.text.rope_scaling->original_max_position_embeddings, 100);
}

TEST(Config, ErrorsNameFileAndField) {
  const Json llama = llama_config("LlamaForCausalLM", 10), mllama = vlm_config();
  EXPECT_THAT(error(Json::array()), HasSubstr("config.json: not a JSON object"));
  EXPECT_THAT(error(Json::object()), HasSubstr("config.json: the field \"model_type\" is missing"));
  for (const char* type : {"qwen3_moe", "mixtral", "gemma2"})
    EXPECT_THAT(error({{"model_type", type}}), HasSubstr(fmt::format("\"model_type\": \"{}\" is not supported", type)));
  EXPECT_THAT(error(with(llama, "/hidden_size", "big")), HasSubstr("\"hidden_size\" has a value that does not fit"));
  EXPECT_THAT(error(with(llama, "/hidden_size", 0)), HasSubstr("\"hidden_size\": 0 is not between"));
  EXPECT_THAT(error(with(llama, "/hidden_size", 5)), HasSubstr("no multiple of the 2 attention heads"));
  EXPECT_THAT(error(with(llama, "/head_dim", 3)), HasSubstr("\"head_dim\": 3 is odd"));
  EXPECT_THAT(error(with(llama, "/num_key_value_heads", 3)), HasSubstr("does not divide"));
  EXPECT_THAT(error(with(llama, "/hidden_act", "gelu")), HasSubstr("\"hidden_act\": \"gelu\" is not supported"));
  EXPECT_THAT(error(with(llama, "/mlp_bias", true)), HasSubstr("\"mlp_bias\": true is not supported"));
  EXPECT_THAT(error(with(llama, "/rms_norm_eps", 0)), HasSubstr("\"rms_norm_eps\": 0 is not above 0"));
  EXPECT_THAT(error(with(llama, "/quantization_config", {{"quant_method", "gptq"}})),
              HasSubstr("\"quantization_config\": the weights are quantized (gptq)"));
  EXPECT_THAT(error(with(llama, "/rope_scaling", {{"rope_type", "longrope"}})),
              HasSubstr("rope_scaling: \"rope_type\": \"longrope\" is not supported, only default"));
  for (const char* type : {"linear", "dynamic", "yarn"}) {
    EXPECT_THAT(error(with(llama, "/rope_scaling", {{"type", type}})), HasSubstr("the field \"factor\" is missing"));
    EXPECT_THAT(error(with(llama, "/rope_scaling", {{"type", type}, {"factor", 0}})), HasSubstr("0 is not above 0"));
  }
  EXPECT_THAT(error(with(llama, "/partial_rotary_factor", 0.5)), HasSubstr("0.5 is not supported, only 1.0"));
  EXPECT_THAT(error(with(llama, "/rope_parameters", {{"rope_type", "default"}, {"partial_rotary_factor", 0.5}})),
              HasSubstr("0.5 is not supported, only 1.0"));
  EXPECT_THAT(error(with(llama, "/rope_scaling", {{"rope_type", "llama3"}, {"type", "linear"}, {"factor", 2.0}})),
              HasSubstr("\"type\": is another than \"rope_type\""));
  EXPECT_THAT(error(with(llama, "/pad_token_id", 1'000'000)), HasSubstr("rows of the embeddings"));
  EXPECT_THAT(error(with(llama, "/rope_parameters", {{"full_attention", {{"rope_type", "default"}}}})),
              HasSubstr("\"full_attention\": a rope for each kind of layer is not supported"));
  EXPECT_THAT(error(with(llama, "/rope_scaling", {{"factor", 8}})), HasSubstr("has no \"rope_type\""));
  EXPECT_THAT(error(with(llama, "/rope_scaling", {{"type", "llama3"}})),
              HasSubstr("rope_scaling: the field \"factor\" is missing"));
  EXPECT_THAT(error(with(llama, "/torch_dtype", "int8")), HasSubstr("\"torch_dtype\": \"int8\""));
  EXPECT_THAT(error(with(llama, "/pad_token_id", 1.5)), HasSubstr("\"pad_token_id\""));
  EXPECT_THAT(error(with(mllama, "/text_config/cross_attention_layers", {9})), HasSubstr("outside of the 3 there are"));
  EXPECT_THAT(error(with(mllama, "/text_config/cross_attention_layers", {1, 1})), HasSubstr("names a layer twice"));
  for (const char* part : {"text_config", "vision_config"}) {
    Json without = mllama;
    without.erase(part);
    EXPECT_THAT(error(without), HasSubstr(std::string("config.json: the field \"") + part + "\" is missing"));
  }
  EXPECT_THAT(error(with(mllama, "/text_config", 3)), HasSubstr("text_config: not a JSON object"));
  EXPECT_THAT(error(with(mllama, "/vision_config/vision_output_dim", 5)), HasSubstr("give 4"));
  EXPECT_THAT(error(with(mllama, "/vision_config/image_size", 3)), HasSubstr("smaller than patch_size"));
  EXPECT_THAT(error(with(mllama, "/vision_config/image_size", 16385)), HasSubstr("not between 1 and 16384"));
  EXPECT_THAT(error(with(mllama, "/image_token_index", 16)), HasSubstr("\"image_token_index\": 16 is not below 16"));
  EXPECT_THAT(error(with(mllama, "/image_token_index", -1)), HasSubstr("\"image_token_index\": -1 is not"));
  EXPECT_THAT(error(with(mllama, "/vision_config/max_num_tiles", 2)), HasSubstr("supported_aspect_ratios"));
  EXPECT_THAT(error(with(mllama, "/vision_config/supported_aspect_ratios", {{1, 9}})), HasSubstr("at most 4 tiles"));
}

TEST(Config, RopesAreReadInBothSpellings) {
  const auto rope = [](const Json& fields, Json scaling) {
    Json old = fields, later = fields;
    old["rope_scaling"] = scaling;
    old["rope_theta"] = 70.0;
    later["rope_parameters"] = std::move(scaling);
    later["rope_parameters"]["rope_theta"] = 70.0;
    const TextConfig read_old = read(old).text, read_later = read(later).text;
    EXPECT_EQ(read_old.rope_theta, 70);
    EXPECT_EQ(read_later.rope_theta, 70);
    EXPECT_EQ(read_old.rope_scaling, read_later.rope_scaling);
    old["rope_parameters"] = later["rope_parameters"];
    EXPECT_EQ(read(old).text.rope_scaling, read_old.rope_scaling);  // with both
    return read_old.rope_scaling;
  };
  const Json qwen = {{"model_type", "qwen2"}, {"max_position_embeddings", 500}};
  EXPECT_EQ(rope(qwen, {{"rope_type", "default"}}), std::nullopt);
  EXPECT_EQ(rope(qwen, {{"type", "mrope"}, {"mrope_section", {2, 3, 3}}}), std::nullopt);
  EXPECT_EQ(rope(qwen, {{"type", "default"}, {"rope_type", "default"}, {"mrope_section", {2, 3, 3}}}), std::nullopt);
  RopeScaling expected{.factor = 2.5, .original_max_position_embeddings = 0, .type = RopeType::linear};
  EXPECT_EQ(rope(qwen, {{"type", "linear"}, {"factor", 2.5}}), expected);
  expected.type = RopeType::dynamic;
  expected.original_max_position_embeddings = 500;
  EXPECT_EQ(rope(qwen, {{"rope_type", "dynamic"}, {"factor", 2.5}}), expected);
  expected.type = RopeType::yarn;
  expected.attention_factor = 1.25;
  expected.beta_fast = 7;
  expected.truncate = false;
  EXPECT_EQ(
      rope(qwen,
           {{"type", "yarn"}, {"factor", 2.5}, {"attention_factor", 1.25}, {"beta_fast", 7}, {"truncate", false}}),
      expected);
  const auto by_factor = rope(qwen, {{"type", "yarn"}, {"factor", 4}, {"original_max_position_embeddings", 100}});
  EXPECT_EQ(by_factor->original_max_position_embeddings, 100);
  EXPECT_NEAR(by_factor->attention_factor, 1.1386294, 1e-6);
  const auto by_scales = rope(qwen, {{"type", "yarn"}, {"factor", 4}, {"mscale", 1}, {"mscale_all_dim", 0.5}});
  EXPECT_NEAR(by_scales->attention_factor, 1.1386294 / 1.0693147, 1e-6);
  EXPECT_EQ(rope(qwen, {{"type", "yarn"}, {"factor", 0.5}})->attention_factor, 1);
  EXPECT_THAT(error({{"model_type", "qwen2"},
                     {"rope_scaling", {{"type", "linear"}, {"factor", 2}}},
                     {"rope_parameters", {{"rope_type", "linear"}, {"factor", 3}}}}),
              HasSubstr("\"rope_parameters\": is another rope than \"rope_scaling\""));
}

TEST(Config, TextFamiliesDifferInTheirAttention) {
  const auto text = [](const char* type, Json more = Json::object()) {
    more["model_type"] = type;
    return read(more).text;
  };
  const TextConfig qwen2 = text("qwen2"), qwen3 = text("qwen3"), llama = text("llama", {{"attention_bias", true}});
  EXPECT_TRUE(qwen2.query_key_value_biases && !qwen2.output_bias && !qwen2.head_norms);
  EXPECT_TRUE(!qwen3.query_key_value_biases && !qwen3.output_bias && qwen3.head_norms);
  EXPECT_TRUE(llama.query_key_value_biases && llama.output_bias && !llama.head_norms);
  EXPECT_TRUE(text("qwen3", {{"attention_bias", true}}).output_bias);
  EXPECT_EQ(qwen3.head_size, 128);
  EXPECT_EQ(text("qwen3", {{"hidden_size", 24}, {"num_attention_heads", 32}}).head_size, 128);
  EXPECT_EQ(text("qwen2", {{"hidden_size", 64}, {"head_dim", 10}}).head_size, 10);
  EXPECT_EQ(text("qwen2", {{"num_attention_heads", 64}}).key_value_heads, 32);
  EXPECT_EQ(text("qwen2", {{"num_attention_heads", 64}, {"num_key_value_heads", nullptr}}).key_value_heads, 64);
  EXPECT_EQ(text("mistral", {{"sliding_window", nullptr}}).key_value_heads, 8);
}

TEST(Config, SlidingWindowsThatWouldMatterAreRefused) {
  for (const char* type : {"qwen2", "qwen3"}) {
    const Json sliding = {{"model_type", type}, {"use_sliding_window", true}, {"num_hidden_layers", 30}};
    EXPECT_THAT(error(sliding), HasSubstr("\"use_sliding_window\": true, and \"max_window_layers\" 28 of 30 layers: "
                                          "sliding windows are not supported"));
    EXPECT_EQ(read(with(sliding, "/max_window_layers", 30)).text.layers, 30);
    EXPECT_EQ(read(with(sliding, "/use_sliding_window", false)).text.layers, 30);
    EXPECT_EQ(read(with(sliding, "/sliding_window", nullptr)).text.layers, 30);
    EXPECT_EQ(read(with(sliding, "/layer_types", Json::array({"full_attention"}))).text.layers, 30);
    EXPECT_THAT(error(with(sliding, "/layer_types", {"full_attention", "sliding_attention"})),
                HasSubstr("\"layer_types\": \"sliding_attention\": sliding windows are not supported"));
  }
  EXPECT_THAT(error({{"model_type", "mistral"}}),
              HasSubstr("\"sliding_window\" (missing, so transformers' default): 4096 is below the 131072 of"));
  EXPECT_EQ(read({{"model_type", "mistral"}, {"sliding_window", nullptr}}).text.layers, 32);
  EXPECT_EQ(read({{"model_type", "mistral"}, {"max_position_embeddings", 4096}}).text.layers, 32);
}

TEST(Config, AClassifierHasItsLabels) {
  Json config = llama_config("LlamaForSequenceClassification", 10);
  EXPECT_THAT(read(config).labels, ElementsAre("LABEL_0", "LABEL_1"));  // transformers' default
  config["id2label"] = {{"0", "a"}, {"1", "b"}, {"2", 3}};
  EXPECT_THAT(read(config).labels, ElementsAre("a", "b", "LABEL_2"));
  for (const Json& labels : {Json("a"), Json(1), Json::array({"a"})})
    EXPECT_THAT(error(with(config, "/id2label", labels)), HasSubstr("\"id2label\": is no object"));
  for (const int64_t labels : {int64_t{0}, int64_t{-1}, int64_t{1} << 40})
    EXPECT_THAT(error(with(config, "/num_labels", labels)), HasSubstr("labels, which is not between 1 and 4096"));
  config["num_labels"] = 1;
  EXPECT_EQ(read(config).head, Head::reward);
  EXPECT_THAT(read(config).labels, ElementsAre("a"));
  EXPECT_THAT(read(with(config, "/architectures", Json::array({"LlamaForCausalLM"}))).labels, ElementsAre());
}

TEST(Config, ThePadTokenIsThatOfWhicheverConfigHoldsIt) {
  const Json both{{"model_type", "qwen2"}, {"pad_token_id", 5}, {"text_config", {{"pad_token_id", 6}}}};
  EXPECT_EQ(read(both).pad_token, 5);
  EXPECT_EQ(read(both).other_pad_token, 6);
  EXPECT_EQ(read(with(both, "/text_config/pad_token_id", 5)).other_pad_token, std::nullopt);
  const ModelConfig text = read(with(both, "/pad_token_id", nullptr));
  EXPECT_EQ(text.pad_token, 6);
  EXPECT_EQ(text.other_pad_token, std::nullopt);
  EXPECT_EQ(read(with(both, "/model_type", "llama")).other_pad_token, std::nullopt);
  EXPECT_THAT(error(with(both, "/text_config/pad_token_id", 1'000'000)), HasSubstr("text_config: \"pad_token_id\""));
}

}  // namespace
}  // namespace vlrm::testing
