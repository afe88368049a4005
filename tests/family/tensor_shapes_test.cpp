#include "family/tensor_shapes.h"

#include "family/names.h"
#include "support/support.h"

namespace vlrm::testing {
namespace {

TensorShapes shapes_in(const std::string& model) {
  const auto directory = goldens() / "models" / model;
  TensorShapes shapes;
  const auto checkpoint = open_canonical(directory, ModelConfig::from_directory(directory));
  for (const TensorInfo& tensor : checkpoint->tensors()) shapes[tensor.name] = tensor.shape;
  return shapes;
}

TEST(TensorShapesTest, TheGoldenVlmHasTheTensorsOfItsConfig) {
  VLRM_NEED_GOLDENS();
  EXPECT_EQ(shapes_in("vlm"), mllama_shapes(ModelConfig::from_directory(goldens() / "models/vlm")));
}

TEST(TensorShapesTest, TheGoldenLlamasHaveTheTensorsOfTheirConfigs) {
  VLRM_NEED_GOLDENS();
  for (const char* model : {"base", "base_instruct", "rm"}) {
    TensorShapes shapes = shapes_in(model);
    shapes.erase("lm_head.weight");
    shapes.erase("score.weight");
    EXPECT_EQ(shapes, llama_backbone_shapes(ModelConfig::from_directory(goldens() / "models" / model).text)) << model;
  }
}

}  // namespace
}  // namespace vlrm::testing
