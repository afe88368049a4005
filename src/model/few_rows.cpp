#include "model/few_rows.h"

#include <algorithm>
#include <bit>
#include <vector>

#include "base/error.h"
#include "base/target_clones.h"

namespace vlrm {
namespace {

constexpr int64_t kPanel = 512;    // inputs: what a tile works on stays in the first-level cache
constexpr int64_t kTogether = 64;  // rows that a weight is loaded for once

// A register full of floats, and what it is loaded from, anywhere in memory.
template <int kLanes>
struct Vector {
  using Type [[gnu::vector_size(kLanes * sizeof(float))]] = float;
  using Words [[gnu::vector_size(kLanes * sizeof(float))]] = uint32_t;
  using Floats [[gnu::vector_size(kLanes * sizeof(float)), gnu::aligned(1), gnu::may_alias]] = float;
  using Halves [[gnu::vector_size(kLanes * sizeof(uint16_t)), gnu::aligned(1), gnu::may_alias]] = uint16_t;
};

template <int kLanes>
[[gnu::always_inline]] inline void load(const float* from, typename Vector<kLanes>::Type& to) {
  to = *reinterpret_cast<const typename Vector<kLanes>::Floats*>(from);
}
// bfloat16 is the upper half of a float32.
template <int kLanes>
[[gnu::always_inline]] inline void load(const uint16_t* from, typename Vector<kLanes>::Type& to) {
  using Words = typename Vector<kLanes>::Words;
  const auto halves = *reinterpret_cast<const typename Vector<kLanes>::Halves*>(from);
  to = reinterpret_cast<typename Vector<kLanes>::Type>(__builtin_convertvector(halves, Words) << 16);
}

// sums[output][row] += w[output] · x[row] over `count` inputs, a multiple of kLanes, lane by lane.
template <int kLanes, int kOutputs, int kRows, class Weight>
[[gnu::always_inline]] inline void add_tile(const Weight* const* w, const float* x, int64_t count,
                                            typename Vector<kLanes>::Type* sums) {
  using Type = typename Vector<kLanes>::Type;
  Type total[kOutputs][kRows];
  for (int o = 0; o < kOutputs; ++o)
    for (int r = 0; r < kRows; ++r) total[o][r] = sums[o * kTogether + r];
  for (int64_t k = 0; k < count; k += kLanes) {
    Type weights[kOutputs];
    for (int o = 0; o < kOutputs; ++o) load<kLanes>(w[o] + k, weights[o]);
    for (int r = 0; r < kRows; ++r) {
      Type input;
      load<kLanes>(x + r * kPanel + k, input);
      for (int o = 0; o < kOutputs; ++o) total[o][r] += weights[o] * input;
    }
  }
  for (int o = 0; o < kOutputs; ++o)
    for (int r = 0; r < kRows; ++r) sums[o * kTogether + r] = total[o][r];
}

// The same for any number of rows up to kRows.
template <int kLanes, int kOutputs, int kRows, class Weight>
[[gnu::always_inline]] inline void add_rows(const Weight* const* w, const float* x, int64_t rows, int64_t count,
                                            typename Vector<kLanes>::Type* sums) {
  if (rows >= kRows)
    add_tile<kLanes, kOutputs, kRows>(w, x, count, sums);
  else if constexpr (kRows > 1)
    add_rows<kLanes, kOutputs, kRows - 1>(w, x, rows, count, sums);
}

template <int kLanes>
[[gnu::always_inline]] inline float sum_of_lanes(const typename Vector<kLanes>::Type& lanes) {
  float parts[kLanes];
  for (int i = 0; i < kLanes; ++i) parts[i] = lanes[i];
  for (int half = kLanes / 2; half > 0; half /= 2)
    for (int i = 0; i < half; ++i) parts[i] += parts[i + half];
  return parts[0];
}

inline float as_float(float weight) {
  return weight;
}
inline float as_float(uint16_t weight) {
  return std::bit_cast<float>(static_cast<uint32_t>(weight) << 16);
}

// x as [panels, rows, kPanel]: rows at a power of two's distance would share a few sets of the cache.
std::vector<float> in_panels(const FewRows& product) {
  const int64_t panels = (product.inputs + kPanel - 1) / kPanel;
  std::vector<float> packed(static_cast<size_t>(panels * product.rows * kPanel));
  for (int64_t panel = 0; panel < panels; ++panel)
    for (int64_t row = 0; row < product.rows; ++row)
      std::copy_n(product.x + row * product.x_stride + panel * kPanel,
                  std::min(kPanel, product.inputs - panel * kPanel),
                  packed.begin() + (panel * product.rows + row) * kPanel);
  return packed;
}

// Outputs [output, output + kOutputs) of the rows [first, first + rows), at most kTogether.
template <int kLanes, int kOutputs, int kRows, class Weight>
[[gnu::always_inline]] inline void multiply_outputs(const FewRows& product, const float* packed, const Weight* weight,
                                                    int64_t output, int64_t first, int64_t rows) {
  const int64_t tiles = (rows + kRows - 1) / kRows, tile = (rows + tiles - 1) / tiles;  // 8 rows: 4 and 4, not 6 and 2
  typename Vector<kLanes>::Type sums[kOutputs * kTogether] = {};
  float ends[kOutputs * kTogether] = {};  // of inputs that fill no vector
  for (int64_t panel = 0; panel < product.inputs; panel += kPanel) {
    const int64_t count = std::min(kPanel, product.inputs - panel), whole = count / kLanes * kLanes;
    const Weight* w[kOutputs];
    for (int o = 0; o < kOutputs; ++o) w[o] = weight + (output + o) * product.weight_stride + panel;
    const float* x = packed + panel * product.rows + first * kPanel;
    for (int64_t row = 0; row < rows; row += tile)
      add_rows<kLanes, kOutputs, kRows>(w, x + row * kPanel, std::min(tile, rows - row), whole, sums + row);
    for (int64_t k = whole; k < count; ++k)
      for (int o = 0; o < kOutputs; ++o)
        for (int64_t row = 0; row < rows; ++row) ends[o * kTogether + row] += as_float(w[o][k]) * x[row * kPanel + k];
  }
  for (int o = 0; o < kOutputs; ++o)
    for (int64_t row = 0; row < rows; ++row)
      product.out[(first + row) * product.out_stride + output + o] =
          sum_of_lanes<kLanes>(sums[o * kTogether + row]) + ends[o * kTogether + row];
}

template <int kLanes, int kOutputs, int kRows, class Weight>
[[gnu::always_inline]] inline void multiply_by(const FewRows& product, const Weight* weight, int64_t first,
                                               int64_t end) {
  const std::vector<float> packed = in_panels(product);
  for (int64_t row = 0; row < product.rows; row += kTogether) {
    const int64_t rows = std::min(kTogether, product.rows - row);
    int64_t output = first;
    for (; output + kOutputs <= end; output += kOutputs)
      multiply_outputs<kLanes, kOutputs, kRows>(product, packed.data(), weight, output, row, rows);
    for (; output < end; ++output)
      multiply_outputs<kLanes, 1, kRows>(product, packed.data(), weight, output, row, rows);
  }
}

template <int kLanes, int kOutputs, int kRows>
[[gnu::always_inline]] inline void multiply(const FewRows& product, int64_t first, int64_t end) {
  if (product.dtype == Dtype::bf16)
    multiply_by<kLanes, kOutputs, kRows>(product, static_cast<const uint16_t*>(product.weight), first, end);
  else
    multiply_by<kLanes, kOutputs, kRows>(product, static_cast<const float*>(product.weight), first, end);
}

// float16 is converted row by row first.
void multiply_converted(const FewRows& product, int64_t first, int64_t end,
                        void (*multiply)(const FewRows&, int64_t, int64_t)) {
  std::vector<float> row(static_cast<size_t>(product.inputs));
  FewRows one = product;
  one.dtype = Dtype::f32;
  one.weight = row.data();
  for (int64_t output = first; output < end; ++output) {
    to_float32(product.dtype, static_cast<const std::byte*>(product.weight) + output * product.weight_stride * 2, row);
    one.out = product.out + output;
    multiply(one, 0, 1);
  }
}

// Tiles that the registers of each instruction set hold.
#if defined(__x86_64__)
[[gnu::target("arch=x86-64-v4")]] void multiply_avx512(const FewRows& product, int64_t first, int64_t end) {
  multiply<16, 4, 6>(product, first, end);
}
[[gnu::target("avx2,fma")]] void multiply_avx2(const FewRows& product, int64_t first, int64_t end) {
  multiply<8, 3, 4>(product, first, end);
}
#endif
void multiply_anywhere(const FewRows& product, int64_t first, int64_t end) {
  multiply<8, 2, 2>(product, first, end);
}

using Multiply = void (*)(const FewRows&, int64_t, int64_t);
Multiply fastest() {
#if defined(__x86_64__)
  if (runs_x86_64_v4()) return multiply_avx512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return multiply_avx2;
#endif
  return multiply_anywhere;
}

}  // namespace

void multiply_few_rows(const FewRows& product, int64_t first, int64_t end) {
  VLRM_ASSERT(is_float(product.dtype) && first >= 0 && first <= end);
  static const Multiply chosen = fastest();
  if (product.dtype == Dtype::f16) return multiply_converted(product, first, end, chosen);
  chosen(product, first, end);
}

}  // namespace vlrm
