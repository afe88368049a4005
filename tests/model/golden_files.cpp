#include "golden_files.h"

#include <algorithm>
#include <cmath>

#include "vision/mllama_processor.h"
#include "weights/safetensors.h"

namespace vlrm::testing {

GoldenTensors::GoldenTensors(const std::string& file) : file_(open_safetensors_file(goldens() / "reference" / file)) {}

std::vector<float> GoldenTensors::floats(const std::string& name) const {
  return read_all_float32(*file_, name);
}

std::vector<int32_t> GoldenTensors::ids(const std::string& name) const {
  const auto reader = file_->prepare(name);
  std::vector<int64_t> wide(static_cast<size_t>(reader->info().elements()));
  reader->read(0, reader->info().elements(), reinterpret_cast<std::byte*>(wide.data()));
  return {wide.begin(), wide.end()};
}

std::vector<int64_t> GoldenTensors::shape(const std::string& name) const {
  return file_->info_or_throw(name).shape;
}

std::shared_ptr<const ProcessedImage> golden_image(const std::string& name) {
  static const GoldenTensors pixels("pixel_values.safetensors");
  static const Json facts = read_json_or_throw(goldens() / "reference/images.json");
  auto image = std::make_shared<ProcessedImage>();
  const std::vector<int64_t> shape = pixels.shape(name);
  const auto ratio = facts.at(name).at("aspect_ratio_ids").at(0).at(0).get<int64_t>();
  image->grid = MllamaGrid{shape[0], ratio, shape[2], 4}.values();
  image->pixels = pixels.floats(name);
  return image;
}

double relative_error(const std::vector<float>& actual, const std::vector<float>& expected) {
  EXPECT_EQ(actual.size(), expected.size());
  if (actual.size() != expected.size()) return INFINITY;
  double error = 0, scale = 0;
  for (size_t i = 0; i < actual.size(); ++i) {
    error = std::max<double>(error, std::isnan(actual[i]) ? INFINITY : std::fabs(actual[i] - expected[i]));
    scale = std::max<double>(scale, std::fabs(expected[i]));
  }
  return error / scale;
}

}  // namespace vlrm::testing
