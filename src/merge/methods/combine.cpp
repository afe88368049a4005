#include "merge/methods/combine.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <numeric>

#include "base/target_clones.h"

namespace vlrm {
namespace {

VLRM_TARGET_CLONES void scale(float weight, const float* x, int64_t count, float* out) {
  for (int64_t i = 0; i < count; ++i) out[i] = weight * x[i];
}

VLRM_TARGET_CLONES void add_scaled(float weight, const float* x, int64_t count, float* out) {
  for (int64_t i = 0; i < count; ++i) out[i] += weight * x[i];
}

VLRM_TARGET_CLONES void add(float* out, const float* base, int64_t count) {
  for (int64_t i = 0; i < count; ++i) out[i] = base[i] + out[i];
}

// `mask` all ones or 0: written so that no branch comes of it.
float only_if(uint32_t mask, float value) {
  return std::bit_cast<float>(std::bit_cast<uint32_t>(value) & mask);
}

struct Election {
  const float* base;
  const float* const* deltas;
  const float* weights;
  bool normalize;
  float lambda;
};

// Adds up what agrees with the sign of the weighted sum. With the number of models known when this is compiled, an
// element's values stay in registers.
template <size_t kModels>
[[gnu::always_inline]] inline void elect(const Election& election, int64_t count, float* __restrict out) {
  std::array<const float*, kModels> deltas;
  std::array<float, kModels> weights;
  std::copy_n(election.deltas, kModels, deltas.begin());
  std::copy_n(election.weights, kModels, weights.begin());
  const float* __restrict base = election.base;
  const bool normalize = election.normalize;
  const float lambda = election.lambda;
  for (int64_t i = 0; i < count; ++i) {
    float sum = weights[0] * deltas[0][i];
    for (size_t m = 1; m < kModels; ++m) sum += weights[m] * deltas[m][i];
    const float sign = sum >= 0 ? 1.0f : -1.0f;
    float total = 0, agreeing = 0;
    for (size_t m = 0; m < kModels; ++m) {
      const float weighted = weights[m] * deltas[m][i];
      const uint32_t agrees = weighted * sign > 0 ? ~0u : 0u;
      total += only_if(agrees, weighted);
      agreeing += only_if(agrees, weights[m]);
    }
    out[i] = base[i] + total / (normalize && agreeing != 0 ? agreeing : 1.0f) * lambda;
  }
}

VLRM_TARGET_CLONES void elect_one(const Election& election, int64_t count, float* out) {
  elect<1>(election, count, out);
}
VLRM_TARGET_CLONES void elect_two(const Election& election, int64_t count, float* out) {
  elect<2>(election, count, out);
}
VLRM_TARGET_CLONES void elect_three(const Election& election, int64_t count, float* out) {
  elect<3>(election, count, out);
}

// The same for any number of models, one after the other.
VLRM_TARGET_CLONES void add_agreeing(float weight, const float* __restrict delta, const float* __restrict elected,
                                     int64_t count, float* __restrict total, float* __restrict weights) {
  for (int64_t i = 0; i < count; ++i) {
    const float weighted = weight * delta[i];
    const float sign = elected[i] >= 0 ? 1.0f : -1.0f;
    const uint32_t agrees = weighted * sign > 0 ? ~0u : 0u;
    total[i] += only_if(agrees, weighted);
    weights[i] += only_if(agrees, weight);
  }
}

VLRM_TARGET_CLONES void normalize(float* total, const float* weights, int64_t count) {
  for (int64_t i = 0; i < count; ++i) total[i] /= weights[i] == 0 ? 1.0f : weights[i];
}

VLRM_TARGET_CLONES void finish(const Election& election, const float* total, int64_t count, float* out) {
  for (int64_t i = 0; i < count; ++i) out[i] = election.base[i] + total[i] * election.lambda;
}

void elect_many(const Election& election, std::span<const float* const> deltas, int64_t count, float* out) {
  std::array<float, BlockSource::kBlock> total{}, agreeing_weights{};
  scale(election.weights[0], deltas[0], count, out);
  for (size_t m = 1; m < deltas.size(); ++m) add_scaled(election.weights[m], deltas[m], count, out);
  for (size_t m = 0; m < deltas.size(); ++m)
    add_agreeing(election.weights[m], deltas[m], out, count, total.data(), agreeing_weights.data());
  if (election.normalize) normalize(total.data(), agreeing_weights.data(), count);
  finish(election, total.data(), count, out);
}

}  // namespace

std::vector<float> float_weights(const TensorMerge& merge) {
  std::vector<float> weights;
  for (const auto& input : merge.inputs) weights.push_back(static_cast<float>(merge.number(input, "weight")));
  return weights;
}

float sum(std::span<const float> weights) {
  return std::accumulate(weights.begin(), weights.end(), 0.0f);
}

std::optional<Problem> problem_of_sum(const TensorMerge& merge, std::string_view normalize) {
  if (!merge.is_set(normalize)) return std::nullopt;
  const float total = sum(float_weights(merge));
  if (total != 0 && std::isfinite(total)) return std::nullopt;
  return Problem{fmt::format("its weights sum to {}, and {} divides by that; change them or set {} to false",
                             total == 0 ? "0" : "more than a float32 holds", merge.method->name, normalize)};
}

void weighted_sum(const Block& block, std::span<const float> weights, float* out) {
  scale(weights[0], block.tensors[0], block.count, out);
  for (size_t i = 1; i < weights.size(); ++i) add_scaled(weights[i], block.tensors[i], block.count, out);
}

VLRM_TARGET_CLONES void multiply(float* values, int64_t count, float factor) {
  for (int64_t i = 0; i < count; ++i) values[i] *= factor;
}

VLRM_TARGET_CLONES void divide(float* values, int64_t count, float divisor) {
  for (int64_t i = 0; i < count; ++i) values[i] /= divisor;
}

VLRM_TARGET_CLONES void drop(float* values, const uint32_t* kept, int64_t count) {
  for (int64_t i = 0; i < count; ++i) values[i] = kept[i] != 0 ? values[i] : 0.0f;
}

void add_base(const Block& block, float* out) {
  if (block.base != nullptr) add(out, block.base, block.count);
}

void elect_and_sum(const Block& block, std::span<const float> weights, const Scaling& scaling, float* out) {
  std::vector<const float*> many;
  for (int64_t offset = 0; offset < block.count; offset += BlockSource::kBlock) {
    const int64_t count = std::min(BlockSource::kBlock, block.count - offset);
    many.clear();
    for (const float* delta : block.tensors) many.push_back(delta + offset);
    const Election election{block.base + offset, many.data(), weights.data(), scaling.normalize, scaling.lambda};
    switch (weights.size()) {
      case 1:
        elect_one(election, count, out + offset);
        break;
      case 2:
        elect_two(election, count, out + offset);
        break;
      case 3:
        elect_three(election, count, out + offset);
        break;
      default:
        elect_many(election, many, count, out + offset);
    }
  }
}

}  // namespace vlrm
