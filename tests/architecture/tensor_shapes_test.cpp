#include "architecture/tensor_shapes.h"

#include "architecture/architecture.h"
#include "architecture/canonical.h"
#include "support/support.h"

namespace vlrm::testing {
namespace {

TensorShapes shapes_in(const std::string& model) {
  TensorShapes shapes;
  const CheckpointPtr checkpoint = open_canonical(goldens() / "models" / model);
  for (const TensorInfo& tensor : checkpoint->tensors()) shapes[tensor.name] = tensor.shape;
  return shapes;
}

TensorShapes shapes_of(const std::string& model) {
  const ModelConfig config = ModelConfig::from_directory(goldens() / "models" / model);
  return config.architecture->shapes(config);
}

TEST(TensorShapesTest, TheGoldenVlmHasTheTensorsOfItsConfig) {
  VLRM_NEED_GOLDENS();
  EXPECT_EQ(shapes_in("vlm"), shapes_of("vlm"));
}

TEST(TensorShapesTest, TheGoldenLlamasHaveTheTensorsOfTheirConfigs) {
  VLRM_NEED_GOLDENS();
  for (const char* model : {"base", "base_instruct", "rm"}) {
    TensorShapes shapes = shapes_in(model);
    shapes.erase("lm_head.weight");
    shapes.erase("score.weight");
    EXPECT_EQ(shapes, shapes_of(model)) << model;
  }
}

}  // namespace
}  // namespace vlrm::testing
