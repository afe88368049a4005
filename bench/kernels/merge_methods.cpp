// What the merge methods cost: nanoseconds of CPU time an output element, all threads together, beside the floor,
// which is the same input bytes copied and the same output bytes written with nothing computed.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <random>

#include "base/threads.h"
#include "merge/method.h"
#include "weights/chunks.h"

namespace vlrm {
namespace {

constexpr int64_t kElements = 2048 * 7168;  // an MLP matrix of the 1.0 B shape
constexpr int kModels = 2;

class MemoryTensor final : public TensorReader {
 public:
  explicit MemoryTensor(const std::vector<float>& values)
      : info_{"model.layers.0.mlp.up_proj.weight", Dtype::bf16, {kElements}}, bytes_(values.size() * 2) {
    from_float32(values, Dtype::bf16, bytes_.data());
  }
  const TensorInfo& info() const override { return info_; }
  void read(int64_t first, int64_t count, std::byte* out) const override {
    std::memcpy(out, bytes_.data() + first * 2, static_cast<size_t>(count) * 2);
  }

 private:
  TensorInfo info_;
  std::vector<std::byte> bytes_;
};

// How far the models are from the base: as fine-tuning leaves them (many equal deltas), or anywhere.
enum class Distance { tuned, random };

TensorMerge inputs(Distance distance) {
  std::mt19937 engine(0);
  std::normal_distribution<float> normal;
  std::vector<float> values(kElements);
  for (float& value : values) value = 0.02f * normal(engine);
  TensorMerge merge;
  merge.base = std::make_shared<MemoryTensor>(values);
  for (int model = 0; model < kModels; ++model) {
    auto own = values;
    for (float& value : own)
      value = distance == Distance::tuned ? value + 0.0005f * normal(engine) : 0.02f * normal(engine);
    merge.inputs.push_back({.tensor = std::make_shared<MemoryTensor>(own),
                            .parameters = {{"weight", 0.7}, {"density", 0.4}},
                            .model = model});
  }
  merge.output = merge.base->info();
  merge.output.dtype = Dtype::f32;
  return merge;
}

const TensorMerge& shared_inputs(Distance distance) {
  static const TensorMerge tuned = inputs(Distance::tuned), random = inputs(Distance::random);
  return distance == Distance::tuned ? tuned : random;
}

void per_element(benchmark::State& state) {
  state.counters["per_element"] = benchmark::Counter(static_cast<double>(kElements * state.iterations()),
                                                     benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void write_chunk(const float* values, int64_t count) {
  thread_local std::vector<std::byte> out(2 * kChunkElements);
  from_float32({values, static_cast<size_t>(count)}, Dtype::bf16, out.data());
  benchmark::DoNotOptimize(out.data());
}

void floor_of(benchmark::State& state, int tensors) {
  const TensorMerge& merge = shared_inputs(Distance::tuned);
  for (auto _ : state) {
    parallel_for(chunk_count(kElements), [&](int64_t chunk) {
      std::vector<std::byte> raw(2 * kChunkElements);
      std::vector<float> values(kChunkElements);
      const int64_t first = chunk * kChunkElements, count = std::min(kChunkElements, kElements - first);
      if (tensors > kModels) merge.base->read(first, count, raw.data());
      for (const auto& input : merge.inputs) {
        input.tensor->read(first, count, raw.data());
        benchmark::DoNotOptimize(raw.data());
      }
      write_chunk(values.data(), count);
    });
  }
  per_element(state);
}

void merge_with(benchmark::State& state, const std::string& method, Distance distance, double density) {
  auto merge = shared_inputs(distance);
  merge.method = &merge_method_or_throw(method);
  merge.parameters.set("normalize", method == "ties");
  for (auto& input : merge.inputs) input.parameters.set("density", density);
  if (merge.method->base == BaseModel::a_model) merge.base = nullptr;
  for (auto _ : state) {
    const auto merged = merge_tensor(merge);
    parallel_for(chunk_count(kElements), [&](int64_t chunk) {
      thread_local std::vector<float> values(kChunkElements);
      const int64_t first = chunk * kChunkElements, count = std::min(kChunkElements, kElements - first);
      merged->read_float32(first, count, values.data());
      write_chunk(values.data(), count);
    });
  }
  per_element(state);
}

void draw_masks(benchmark::State& state) {
  const auto mask = random_mask(0, 0, "w", 0.4);
  for (auto _ : state) {
    parallel_for(chunk_count(kElements), [&](int64_t chunk) {
      const int64_t first = chunk * kChunkElements, count = std::min(kChunkElements, kElements - first);
      std::array<uint32_t, 2048> kept;
      for (int64_t done = 0; done < count; done += static_cast<int64_t>(kept.size())) {
        mask->read(first + done, kept);
        benchmark::DoNotOptimize(kept.data());
      }
    });
  }
  per_element(state);
}

#define VLRM_METHOD_BENCH(...) \
  BENCHMARK_CAPTURE(__VA_ARGS__)->MeasureProcessCPUTime()->Unit(benchmark::kMillisecond)->MinTime(1)

VLRM_METHOD_BENCH(floor_of, two tensors, 2);
VLRM_METHOD_BENCH(merge_with, linear, "linear", Distance::tuned, 1);
VLRM_METHOD_BENCH(floor_of, three tensors, 3);
VLRM_METHOD_BENCH(merge_with, task_arithmetic, "task_arithmetic", Distance::tuned, 1);
BENCHMARK(draw_masks)->MeasureProcessCPUTime()->Unit(benchmark::kMillisecond)->MinTime(1);
VLRM_METHOD_BENCH(merge_with, dare_linear, "dare_linear", Distance::tuned, 0.4);
VLRM_METHOD_BENCH(merge_with, dare_ties, "dare_ties", Distance::tuned, 0.4);
VLRM_METHOD_BENCH(merge_with, ties, "ties", Distance::tuned, 0.4);
VLRM_METHOD_BENCH(merge_with, ties dense, "ties", Distance::tuned, 0.8);
VLRM_METHOD_BENCH(merge_with, ties random deltas, "ties", Distance::random, 0.4);

}  // namespace
}  // namespace vlrm

BENCHMARK_MAIN();
