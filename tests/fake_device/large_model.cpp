#include "large_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "architecture/mllama/mllama.h"
#include "vision/mllama_processor.h"

namespace fake_device {
namespace {

using namespace vlrm;

constexpr int64_t kTable = 65521;  // a prime, so that rows of a matrix do not repeat each other

std::vector<std::byte> table_of_random_numbers() {
  std::mt19937 random(1);
  std::normal_distribution<float> normal(0, 0.01F);
  std::vector<float> numbers(kTable);
  for (float& number : numbers) number = normal(random);
  std::vector<std::byte> table(kTable * 2);
  from_float32(numbers, Dtype::bf16, table.data());
  return table;
}

class AnyReader : public TensorReader {
 public:
  AnyReader(const TensorInfo& info, const std::vector<std::byte>& table) : info_(info), table_(table) {}
  const TensorInfo& info() const override { return info_; }
  void read(int64_t, int64_t count, std::byte* out) const override {
    if (table_.empty()) return;
    for (int64_t done = 0; done < count; done += kTable)
      std::copy_n(table_.begin(), std::min(kTable, count - done) * 2, out + done * 2);
  }
  void read_float32(int64_t first, int64_t count, float* out) const override {
    if (info_.shape.size() < 2)
      std::fill_n(out, count, 1.0F);  // norms and gates
    else if (table_.empty())
      std::fill_n(out, count, 0.0F);
    else
      TensorReader::read_float32(first, count, out);
  }

 private:
  const TensorInfo& info_;
  const std::vector<std::byte>& table_;
};

class AnyWeights : public Checkpoint {
 public:
  AnyWeights(const ModelConfig& config, bool values) {
    if (values) table_ = table_of_random_numbers();
    for (const auto& [name, shape] : config.architecture->shapes(config)) infos_.push_back({name, Dtype::bf16, shape});
    infos_.push_back({"score.weight", Dtype::bf16, {1, config.text.hidden_size}});
    std::ranges::sort(infos_, {}, &TensorInfo::name);
  }
  const std::vector<TensorInfo>& tensors() const override { return infos_; }
  std::unique_ptr<TensorReader> prepare(std::string_view name) const override {
    return std::make_unique<AnyReader>(info_or_throw(name), table_);
  }
  std::string description() const override { return "any weights"; }

 private:
  std::vector<TensorInfo> infos_;
  std::vector<std::byte> table_;
};

}  // namespace

ModelConfig llama_3_2_11b_vision(Head head) {
  ModelConfig config;
  TextConfig& text = config.text;
  text.vocab_size = 128256;
  text.hidden_size = 4096;
  text.intermediate_size = 14336;
  text.layers = 40;
  text.attention_heads = 32;
  text.key_value_heads = 8;
  text.head_size = 128;
  text.rms_norm_eps = 1e-5;
  text.rope_theta = 500000;
  text.rope_scaling = RopeScaling{8, 1, 4, 8192};
  text.cross_attention_layers = {3, 8, 13, 18, 23, 28, 33, 38};
  MllamaVision vision;
  vision.image_size = 560;
  vision.patch_size = 14;
  vision.max_tiles = 4;
  vision.hidden_size = 1280;
  vision.intermediate_size = 5120;
  vision.attention_heads = 16;
  vision.local_layers = 32;
  vision.global_layers = 8;
  vision.intermediate_layers = {3, 7, 15, 23, 30};
  vision.output_size = 7680;
  vision.norm_eps = 1e-5;
  vision.supported_aspect_ratios = {{1, 1}, {1, 2}, {1, 3}, {1, 4}, {2, 1}, {2, 2}, {3, 1}, {4, 1}};
  config.vision = std::make_shared<MllamaVision>(vision);
  config.architecture = &kMllama;
  config.head = head;
  config.image_token = static_cast<int32_t>(text.vocab_size);
  return config;
}

CheckpointPtr any_weights(const ModelConfig& config, bool values) {
  return std::make_shared<AnyWeights>(config, values);
}

std::shared_ptr<const ProcessedImage> any_image(int number) {
  auto result = std::make_shared<ProcessedImage>();
  result->grid = vlrm::MllamaGrid{4, 6, 560, 4}.values();  // two rows of two tiles
  result->pixels.resize(static_cast<size_t>(4 * 3 * 560 * 560));
  result->digest = fmt::format("image {}", number);
  return result;
}

}  // namespace fake_device
