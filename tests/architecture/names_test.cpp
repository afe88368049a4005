#include "architecture/text_names.h"

#include "architecture/internvl/internvl.h"
#include "architecture/llama/llama.h"
#include "architecture/llava/llava.h"
#include "architecture/mllama/mllama.h"
#include "merge/memory_checkpoint.h"
#include "support/support.h"
#include "weights/views.h"

using ::testing::ElementsAre;
using ::testing::HasSubstr;

namespace vlrm::testing {
namespace {

std::vector<std::string> names(const Checkpoint& checkpoint) {
  std::vector<std::string> all;
  for (const TensorInfo& tensor : checkpoint.tensors()) all.push_back(tensor.name);
  return all;
}

TEST(Names, BothLayoutsOfMllamaAreOne) {
  const std::pair<const char*, const char*> kPairs[] = {
      {"model.language_model.layers.3.mlp.up_proj.weight", "language_model.model.layers.3.mlp.up_proj.weight"},
      {"model.language_model.embed_tokens.weight", "language_model.model.embed_tokens.weight"},
      {"model.vision_model.class_embedding", "vision_model.class_embedding"},
      {"model.multi_modal_projector.bias", "multi_modal_projector.bias"},
      {"lm_head.weight", "language_model.lm_head.weight"},
      {"score.weight", "score.weight"}};
  for (const auto& [later, canonical] : kPairs) {
    EXPECT_EQ(canonical_names(&kMllama)(later), canonical);
    EXPECT_EQ(canonical_names(&kMllama)(canonical), canonical);
  }
  EXPECT_EQ(canonical_names(&kMllama)("language_model.model.rotary_emb.inv_freq"), std::nullopt);
}

TEST(Names, AllLayoutsOfTilesAreOne) {
  const std::tuple<const Architecture*, const char*, const char*> kNames[] = {
      {&kInternVl, "model.language_model.norm.weight", "language_model.model.norm.weight"},
      {&kInternVl, "model.vision_tower.encoder.layer.2.lambda_1", "vision_tower.encoder.layer.2.lambda_1"},
      {&kInternVl, "vision_model.encoder.layers.2.ls1", "vision_tower.encoder.layer.2.lambda_1"},
      {&kInternVl, "vision_model.encoder.layers.12.attn.proj.bias",
       "vision_tower.encoder.layer.12.attention.projection_layer.bias"},
      {&kInternVl, "vision_model.encoder.layers.0.mlp.fc1.weight", "vision_tower.encoder.layer.0.mlp.fc1.weight"},
      {&kInternVl, "vision_model.embeddings.class_embedding", "vision_tower.embeddings.cls_token"},
      {&kInternVl, "mlp1.3.bias", "multi_modal_projector.linear_2.bias"},
      {&kInternVl, "vision_model.encoder.layers.", "vision_tower.encoder.layer."},
      {&kLlavaNext, "lm_head.weight", "language_model.lm_head.weight"},
      {&kLlavaNext, "model.image_newline", "image_newline"},
      {&kLlavaNext, "model.vision_tower.post_layernorm.bias", "vision_tower.vision_model.post_layernorm.bias"},
      {&kLlavaOneVision, "vision_tower.vision_model.post_layernorm.bias",
       "vision_tower.vision_model.post_layernorm.bias"},
      {&kLlavaOneVision, "model.multi_modal_projector.linear_1.bias", "multi_modal_projector.linear_1.bias"}};
  for (const auto& [family, found, canonical] : kNames) EXPECT_EQ(canonical_names(family)(found), canonical);
}

TEST(Names, LlamasWithoutTheirPrefixAreKnown) {
  EXPECT_EQ(canonical_names(&kLlama)("layers.0.mlp.up_proj.weight"), "model.layers.0.mlp.up_proj.weight");
  EXPECT_EQ(canonical_names(&kLlama)("embed_tokens.weight"), "model.embed_tokens.weight");
  EXPECT_EQ(canonical_names(&kLlama)("norm.weight"), "model.norm.weight");
  EXPECT_EQ(canonical_names(&kLlama)("model.norm.weight"), "model.norm.weight");
  EXPECT_EQ(canonical_names(&kLlama)("score.weight"), "score.weight");
  EXPECT_EQ(canonical_names(&kLlama)("model.layers.0.self_attn.rotary_emb.inv_freq"), std::nullopt);
}

TEST(Names, TextLayersStandAroundTheCrossAttentionLayers) {
  ModelConfig config;
  config.architecture = &kMllama;
  config.text.layers = 10;
  config.text.cross_attention_layers = {0, 3, 4, 8};
  std::vector<int64_t> places;
  for (int64_t layer = 0; layer < 6; ++layer) places.push_back(decoder_layer_of(layer, config.text));
  EXPECT_THAT(places, ElementsAre(1, 2, 5, 6, 7, 9));

  auto mllama = std::make_shared<MemoryCheckpoint>();
  for (int i = 0; i < 10; ++i) mllama->add_counting(fmt::format("language_model.model.layers.{}.w", i), {1}, i);
  mllama->add_counting("language_model.model.embed_tokens.weight", {1});
  mllama->add_counting("language_model.lm_head.weight", {1});
  mllama->add_counting("vision_model.class_embedding", {1});
  const auto text = text_part(mllama, config);
  EXPECT_THAT(names(*text),
              ElementsAre("lm_head.weight", "model.embed_tokens.weight", "model.layers.0.w", "model.layers.1.w",
                          "model.layers.2.w", "model.layers.3.w", "model.layers.4.w", "model.layers.5.w"));
  EXPECT_THAT(read_all_float32(*text, "model.layers.2.w"), ElementsAre(5));
  const auto back = backbone_for(text, config);
  EXPECT_THAT(names(*back), ElementsAre("language_model.model.embed_tokens.weight", "language_model.model.layers.1.w",
                                        "language_model.model.layers.2.w", "language_model.model.layers.5.w",
                                        "language_model.model.layers.6.w", "language_model.model.layers.7.w",
                                        "language_model.model.layers.9.w"));
  EXPECT_THAT(read_all_float32(*back, "language_model.model.layers.9.w"), ElementsAre(9));
}

TEST(Names, BothSpellingsOfOneTensorAreRefused) {
  auto mllama = std::make_shared<MemoryCheckpoint>("both");
  mllama->add_counting("lm_head.weight", {1}).add_counting("language_model.lm_head.weight", {1});
  EXPECT_THAT(error_of([&] { renamed(mllama, canonical_names(&kMllama)); }), HasSubstr("two spellings of one"));
}

}  // namespace
}  // namespace vlrm::testing
