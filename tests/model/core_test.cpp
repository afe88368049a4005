// Each stage of the forward pass against the reference's outputs.
#include <ATen/TensorOperators.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "architecture/canonical.h"
#include "architecture/mllama/model/vision_tower.h"
#include "golden_files.h"
#include "model/attention.h"
#include "model/decoder.h"
#include "model/projection.h"
#include "model/rope.h"
#include "model/silu.h"
#include "support/device.h"

namespace vlrm::testing {
namespace {

// Relative to the scale of what is expected. On a GPU sums have another order.
double tolerance() {
  return on_cpu() ? 1e-5 : 1e-4;
}

std::vector<float> values(const at::Tensor& tensor) {
  const at::Tensor flat = tensor.to(at::kCPU).contiguous();
  return {flat.const_data_ptr<float>(), flat.const_data_ptr<float>() + flat.numel()};
}

// The goldens' VLM in float32.
struct GoldenModel {
  c10::InferenceMode no_gradients;
  ModelConfig config = ModelConfig::from_directory(goldens() / "models/vlm");
  Parts parts{WeightReader(open_canonical(goldens() / "models/vlm"), Precision::of(test_device(), Dtype::f32)), false};
  VisionTower tower{parts, mllama_vision(config), config.text.hidden_size};
  Decoder decoder{parts, config};
  GoldenTensors expected{"forward.safetensors"};

  ImageFeatures encoded(const std::string& name) {
    const auto image = golden_image(name);
    const ProcessedImage* one = image.get();
    return {tower.encode({&one, 1})[0], tower.existing_rows(*image)};
  }
};

// hidden_<state> of the vision tower interleaved as in the reference's features: last, then feature by feature.
at::Tensor interleaved(const VisionStates& states) {
  std::vector<at::Tensor> stacked;
  for (const at::Tensor& state : states.intermediate) stacked.push_back(state.unsqueeze(-1));
  return at::cat({states.last, at::cat(stacked, -1).flatten(1)}, 1);
}

TEST(Vision, FeaturesAreTheReferences) {
  VLRM_NEED_GOLDENS();
  GoldenModel model;
  for (const std::string name : {"rgb_wide.png", "rgb_small.png", "rgb_tall.webp", "rgb_2x2_exact.png"}) {
    const auto image = golden_image(name);
    const ProcessedImage* one = image.get();
    const auto states = model.tower.states({&one, 1});
    EXPECT_LT(
        relative_error(values(interleaved(states[0])), model.expected.floats("vision|" + name + "|last_hidden_state")),
        tolerance())
        << name;
    EXPECT_LT(
        relative_error(values(model.encoded(name).features), model.expected.floats("vision|" + name + "|projected")),
        tolerance())
        << name;
  }
}

struct Sequence {
  std::string name;
  std::vector<std::string> images;
};

// The prefix is as long as is said, or longer, so that all images are in it.
RaggedBatch batch_of(const GoldenModel& model, const Sequence& sequence, std::ptrdiff_t prefix) {
  const auto ids = model.expected.ids(sequence.name + "|input_ids");
  const auto last_image = std::ranges::find(ids.rbegin(), ids.rend(), model.config.image_token);
  prefix = std::max(prefix, ids.rend() - last_image);
  SharedPrefixBatch batch;
  for (const std::string& image : sequence.images) batch.images.push_back(golden_image(image));
  batch.prefix.assign(ids.begin(), ids.begin() + prefix);
  batch.continuations = {{ids.begin() + prefix, ids.end()}};
  return lay_out({&batch, 1}, model.config.image_token);
}

TEST(Decoder, HiddenStatesOfEveryLayerAreTheReferences) {
  VLRM_NEED_GOLDENS();
  GoldenModel model;
  const RaggedBatch batch = batch_of(model, {"one_image", {"rgb_wide.png"}}, 20);
  const auto check = [&](int64_t layer, const at::Tensor& hidden) {
    const auto expected = model.expected.floats(fmt::format("one_image|hidden_{}", layer));
    EXPECT_LT(relative_error(values(hidden), expected), tolerance()) << "entering layer " << layer;
  };
  const at::Tensor states = model.decoder.run(batch, {model.encoded("rgb_wide.png")}, {.observer = check});
  check(model.config.text.layers, model.decoder.final_norm(states));
}

// log_softmax of one row of the reference's logits.
double expected_log_probability(const std::vector<float>& logits, size_t row, size_t vocabulary, size_t token) {
  double sum = 0;
  for (size_t i = 0; i < vocabulary; ++i) sum += std::exp(static_cast<double>(logits[row * vocabulary + i]));
  return logits[row * vocabulary + token] - std::log(sum);
}

TEST(Decoder, LogProbabilitiesAreTheReferences) {
  VLRM_NEED_GOLDENS();
  GoldenModel model;
  const std::vector<Sequence> sequences{{"one_image", {"rgb_wide.png"}},
                                        {"text_only", {}},
                                        {"two_images", {"rgb_wide.png", "rgb_small.png"}},
                                        {"two_images_apart", {"rgb_wide.png", "rgb_small.png"}}};
  for (const Sequence& sequence : sequences) {
    const bool all = sequence.images.size() < 2;  // of the others only the last four rows were kept
    const auto logits = model.expected.floats(sequence.name + (all ? "|logits" : "|logits_last4"));
    const RaggedBatch batch = batch_of(model, sequence, 18);
    std::vector<ImageFeatures> images;
    for (const std::string& image : sequence.images) images.push_back(model.encoded(image));
    const at::Tensor states = model.decoder.run(batch, images);
    const int64_t rows = static_cast<int64_t>(logits.size()) / model.config.text.vocab_size;
    const at::Tensor last = states.narrow(0, states.size(0) - rows, rows);
    for (const int64_t token :
         {int64_t{0}, int64_t{7}, model.config.text.vocab_size / 3, model.config.text.vocab_size - 1}) {
      const auto actual =
          values(model.decoder.log_probabilities(last, std::vector<int64_t>(static_cast<size_t>(rows), token), {rows}));
      for (size_t row = 0; row < actual.size(); ++row)
        EXPECT_NEAR(actual[row],
                    expected_log_probability(logits, row, static_cast<size_t>(model.config.text.vocab_size),
                                             static_cast<size_t>(token)),
                    2 * tolerance())
            << sequence.name << ", row " << row;
    }
  }
}

TEST(Rope, AnglesAreThoseOfTheirPositionsAlone) {
  const c10::InferenceMode no_gradients;
  TextConfig config;
  config.head_size = 12;
  config.rope_theta = 500000;
  const Rope rope(config, Precision::of(test_device(), Dtype::f32));
  std::vector<Position> positions;
  for (int64_t position = 0; position < 5000; ++position) positions.push_back(Position::in_text(position * 7));
  const std::vector<int64_t> lengths(positions.size(), 40000);
  const Rope::Angles all = rope.angles(positions, lengths);
  for (size_t i = 0; i < positions.size(); ++i) {
    const auto row = static_cast<int64_t>(i);
    const Rope::Angles one = rope.angles({positions[i]}, {lengths[i]});
    ASSERT_EQ(values(all.cosine[row]), values(one.cosine[0])) << positions[i].time;
    ASSERT_EQ(values(all.sine[row]), values(one.sine[0])) << positions[i].time;
    const auto angle = static_cast<double>(positions[i].time);  // of the first frequency, which is 1
    ASSERT_NEAR(values(one.cosine[0])[6], std::cos(angle), 1e-7);
    ASSERT_NEAR(values(one.sine[0])[6], std::sin(angle), 1e-7);
  }
}

TEST(Attention, GroupedAndCausalIsTheDefinition) {
  const c10::InferenceMode no_gradients;
  constexpr int64_t kRows = 700, kPast = 40, kHeads = 6, kShared = 2, kSize = 8;
  const auto wave = [](at::IntArrayRef shape, double step) {
    return (at::arange(at::empty(shape).numel(), at::kFloat).mul_(step).sin_()).view(shape);
  };
  const at::Tensor queries = wave({kRows, kHeads, kSize}, 0.7), keys = wave({kRows + kPast, kShared, kSize}, 1.3),
                   values_ = wave({kRows + kPast, kShared, kSize}, 2.9);
  const at::Tensor out = at::empty({kRows, kHeads * kSize});
  attend_causally(out, {queries, keys, values_});
  for (const int64_t row : {0, 1, 511, 512, 699})
    for (int64_t head = 0; head < kHeads; ++head) {
      const int64_t seen = kPast + row + 1;
      const at::Tensor k = keys.select(1, head / 3).narrow(0, 0, seen),
                       v = values_.select(1, head / 3).narrow(0, 0, seen);
      const at::Tensor weights = k.matmul(queries[row][head]).div(std::sqrt(kSize)).softmax(0);
      EXPECT_LT(relative_error(values(out[row].narrow(0, head * kSize, kSize)), values(weights.matmul(v))), 1e-5);
    }
}

TEST(Projection, PanelsOfBfloat16GiveTheFloat32ProductOfTheSameNumbers) {
  const c10::InferenceMode no_gradients;
  const at::Tensor x = at::arange(5 * 3000, at::kFloat).sin_().view({5, 3000});
  const at::Tensor weight =
      at::arange(int64_t{2100} * 3000, at::kFloat).mul_(0.37).sin_().view({2100, 3000}).to(at::kBFloat16);
  const at::Tensor bias = at::arange(2100, at::kFloat).cos_();
  const at::Tensor expected = x.matmul(weight.to(at::kFloat).t());
  EXPECT_LT(relative_error(values(project(x, weight)), values(expected)), 1e-5);
  EXPECT_LT(relative_error(values(project(x, weight, bias)), values(expected + bias)), 1e-5);
  const at::Tensor sum = at::ones({5, 2100});
  add_projection(sum, x, weight, 0.5);
  EXPECT_LT(relative_error(values(sum), values(expected * 0.5 + 1)), 1e-5);
}

// Shapes at which libtorch's own product has other digits with more threads.
TEST(Projection, DigitsDoNotDependOnThreads) {
  const int before = at::get_num_threads();
  for (const auto& [rows, inputs, outputs] :
       std::vector<std::array<int64_t, 3>>{{17, 64, 192}, {24, 64, 512}, {9, 1433, 512}, {17, 1280, 2048}}) {
    const at::Tensor x = at::sin(at::arange(rows * inputs, at::kFloat)).view({rows, inputs});
    const at::Tensor weight = at::cos(at::arange(outputs * inputs, at::kFloat)).view({outputs, inputs});
    at::set_num_threads(1);
    const auto expected = values(project(x, weight));
    for (const int threads : {2, 8, 32}) {
      at::set_num_threads(threads);
      EXPECT_EQ(values(project(x, weight)), expected) << rows << " " << threads;
      EXPECT_EQ(at::get_num_threads(), threads);
    }
  }
  at::set_num_threads(before);
}

TEST(Silu, IsTheFunctionWhereverAnElementStands) {
  std::vector<float> gate, up;
  for (int i = -4000; i <= 4000; ++i) {
    gate.push_back(static_cast<float>(i) / 37);
    up.push_back(1 + static_cast<float>(i % 7) / 8);
  }
  std::vector<float> together = gate;
  multiply_by_silu(together.data(), up.data(), std::ssize(gate));
  for (size_t i = 0; i < gate.size(); ++i) {
    const double expected = gate[i] / (1 + std::exp(-double{gate[i]})) * up[i];
    EXPECT_NEAR(together[i], expected, 3e-7 * std::abs(expected) + 1e-30) << gate[i];
    float alone = gate[i];
    multiply_by_silu(&alone, &up[i], 1);
    EXPECT_EQ(alone, together[i]);
  }
}

}  // namespace
}  // namespace vlrm::testing
