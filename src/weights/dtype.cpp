#include "weights/dtype.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>

#include "base/error.h"
#include "base/target_clones.h"

namespace vlrm {
namespace {

struct DtypeFacts {
  Dtype dtype;
  int64_t size;
  std::string_view safetensors, torch;
};

constexpr std::array<DtypeFacts, 15> kFacts{{
    {Dtype::f32, 4, "F32", "float32"},
    {Dtype::f16, 2, "F16", "float16"},
    {Dtype::bf16, 2, "BF16", "bfloat16"},
    {Dtype::f64, 8, "F64", "float64"},
    {Dtype::i64, 8, "I64", "int64"},
    {Dtype::i32, 4, "I32", "int32"},
    {Dtype::i16, 2, "I16", "int16"},
    {Dtype::i8, 1, "I8", "int8"},
    {Dtype::u64, 8, "U64", "uint64"},
    {Dtype::u32, 4, "U32", "uint32"},
    {Dtype::u16, 2, "U16", "uint16"},
    {Dtype::u8, 1, "U8", "uint8"},
    {Dtype::boolean, 1, "BOOL", "bool"},
    {Dtype::f8_e4m3, 1, "F8_E4M3", "float8_e4m3fn"},
    {Dtype::f8_e5m2, 1, "F8_E5M2", "float8_e5m2"},
}};

const DtypeFacts& facts(Dtype dtype) {
  const DtypeFacts& found = kFacts[static_cast<size_t>(dtype)];
  VLRM_ASSERT(found.dtype == dtype);
  return found;
}

inline uint16_t load16(const std::byte* source, size_t i) {
  uint16_t value;
  std::memcpy(&value, source + 2 * i, sizeof value);
  return value;
}

inline void store16(std::byte* out, size_t i, uint32_t value) {
  const auto narrow = static_cast<uint16_t>(value);
  std::memcpy(out + 2 * i, &narrow, sizeof narrow);
}

// The loops below are free of branches so that the compiler vectorises them.

VLRM_TARGET_CLONES void bfloat16_to_float32(const std::byte* source, size_t count, float* out) {
  for (size_t i = 0; i < count; ++i) out[i] = std::bit_cast<float>(static_cast<uint32_t>(load16(source, i)) << 16);
}

VLRM_TARGET_CLONES void bfloat16_less(const std::byte* source, const float* base, size_t count, float* out) {
  for (size_t i = 0; i < count; ++i)
    out[i] = std::bit_cast<float>(static_cast<uint32_t>(load16(source, i)) << 16) - base[i];
}

VLRM_TARGET_CLONES void float32_less(const std::byte* __restrict source, const float* __restrict base, size_t count,
                                     float* __restrict out) {
  for (size_t i = 0; i < count; ++i) {
    float value;
    std::memcpy(&value, source + 4 * i, sizeof value);
    out[i] = value - base[i];
  }
}

VLRM_TARGET_CLONES void subtract(float* x, const float* base, size_t count) {
  for (size_t i = 0; i < count; ++i) x[i] -= base[i];
}

VLRM_TARGET_CLONES void float16_to_float32(const std::byte* source, size_t count, float* out) {
  constexpr uint32_t kRebias = (127 - 15) << 23;
  for (size_t i = 0; i < count; ++i) {
    const uint32_t half = load16(source, i);
    const uint32_t magnitude = (half & 0x7FFF) << 13;
    const uint32_t normal = magnitude + kRebias;
    const uint32_t special = magnitude + 2 * kRebias;  // infinity and NaN: the exponent becomes 255
    // Subnormal m · 2⁻²⁴: put m below a leading one of 2⁻¹⁴ and take that one away, which is exact.
    const float with_leading_one = std::bit_cast<float>(normal + (uint32_t{1} << 23));
    const uint32_t subnormal = std::bit_cast<uint32_t>(with_leading_one - 0x1p-14F);
    const uint32_t finite = (half & 0x7C00) == 0 ? subnormal : normal;
    const uint32_t bits = (half & 0x7C00) == 0x7C00 ? special : finite;
    out[i] = std::bit_cast<float>(bits | (half & 0x8000) << 16);
  }
}

VLRM_TARGET_CLONES void float32_to_bfloat16(const float* values, size_t count, std::byte* out) {
  for (size_t i = 0; i < count; ++i) {
    const auto bits = std::bit_cast<uint32_t>(values[i]);
    const uint32_t rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16;
    store16(out, i, (bits & 0x7FFFFFFF) > 0x7F800000 ? 0x7FC0 : rounded);
  }
}

VLRM_TARGET_CLONES void float32_to_float16(const float* values, size_t count, std::byte* out) {
  constexpr uint32_t kRebias = (127 - 15) << 23;
  constexpr uint32_t kSmallestNormal = 0x38800000;  // 2⁻¹⁴
  constexpr uint32_t kOverflow = 0x477FF000;        // 65520, half way from the largest finite to the next
  for (size_t i = 0; i < count; ++i) {
    const auto bits = std::bit_cast<uint32_t>(values[i]);
    const uint32_t magnitude = bits & 0x7FFFFFFF;
    const uint32_t normal = (magnitude - kRebias + 0xFFF + ((magnitude >> 13) & 1)) >> 13;
    // Next to 0.5 a float's unit in the last place is 2⁻²⁴, that of float16's subnormals: the addition rounds.
    const uint32_t subnormal = std::bit_cast<uint32_t>(std::bit_cast<float>(magnitude) + 0.5F) - 0x3F000000;
    const uint32_t finite = magnitude < kSmallestNormal ? subnormal : normal;
    const uint32_t special = magnitude > 0x7F800000 ? 0x7E00 : 0x7C00;
    store16(out, i, (magnitude >= kOverflow ? special : finite) | (bits >> 16 & 0x8000));
  }
}

// Elements whose exponent has all bits set. That there is one at all is told much faster than how many.
template <class Bits>
[[gnu::always_inline]] inline uint32_t not_finite(const std::byte* source, size_t count, Bits exponent) {
  const auto magnitude = [source](size_t i) {
    Bits bits;
    std::memcpy(&bits, source + sizeof bits * i, sizeof bits);
    return static_cast<Bits>(bits & std::numeric_limits<Bits>::max());
  };
  Bits largest = 0;
  for (size_t i = 0; i < count; ++i) largest = std::max(largest, magnitude(i));
  if (largest < exponent) return 0;
  uint32_t found = 0;
  for (size_t i = 0; i < count; ++i) found += magnitude(i) >= exponent;
  return found;
}
VLRM_TARGET_CLONES uint32_t not_finite16(const std::byte* source, size_t count, int16_t exponent) {
  return not_finite(source, count, exponent);
}
VLRM_TARGET_CLONES uint32_t not_finite32(const std::byte* source, size_t count, int32_t exponent) {
  return not_finite(source, count, exponent);
}

}  // namespace

int64_t size_of(Dtype dtype) {
  return facts(dtype).size;
}
std::string_view safetensors_name(Dtype dtype) {
  return facts(dtype).safetensors;
}
std::string_view torch_name(Dtype dtype) {
  return facts(dtype).torch;
}

std::optional<Dtype> dtype_from_safetensors(std::string_view name) {
  for (const DtypeFacts& candidate : kFacts)
    if (candidate.safetensors == name) return candidate.dtype;
  return std::nullopt;
}

std::optional<Dtype> dtype_from_torch(std::string_view name) {
  for (const DtypeFacts& candidate : kFacts)
    if (candidate.torch == name) return candidate.dtype;
  return std::nullopt;
}

void to_float32(Dtype dtype, const std::byte* source, std::span<float> out) {
  switch (dtype) {
    case Dtype::f32:
      if (!out.empty()) std::memcpy(out.data(), source, out.size_bytes());
      return;
    case Dtype::f16:
      return float16_to_float32(source, out.size(), out.data());
    case Dtype::bf16:
      return bfloat16_to_float32(source, out.size(), out.data());
    default:
      VLRM_ASSERT(is_float(dtype));
  }
}

void to_float32_less(Dtype dtype, const std::byte* source, const float* base, std::span<float> out) {
  if (dtype == Dtype::bf16) return bfloat16_less(source, base, out.size(), out.data());
  if (dtype == Dtype::f32) return float32_less(source, base, out.size(), out.data());
  to_float32(dtype, source, out);
  subtract(out.data(), base, out.size());
}

int64_t count_not_finite(Dtype dtype, std::span<const std::byte> elements) {
  constexpr size_t kAtOnce = size_t{1} << 20;
  int64_t found = 0;
  for (; !elements.empty() && is_float(dtype); elements = elements.subspan(std::min(kAtOnce, elements.size()))) {
    const std::span<const std::byte> part = elements.first(std::min(kAtOnce, elements.size()));
    if (dtype == Dtype::f32)
      found += not_finite32(part.data(), part.size() / 4, 0x7F800000);
    else
      found += not_finite16(part.data(), part.size() / 2, dtype == Dtype::f16 ? 0x7C00 : 0x7F80);
  }
  return found;
}

void from_float32(std::span<const float> values, Dtype dtype, std::byte* out) {
  switch (dtype) {
    case Dtype::f32:
      if (!values.empty()) std::memcpy(out, values.data(), values.size_bytes());
      return;
    case Dtype::f16:
      return float32_to_float16(values.data(), values.size(), out);
    case Dtype::bf16:
      return float32_to_bfloat16(values.data(), values.size(), out);
    default:
      VLRM_ASSERT(is_float(dtype));
  }
}

}  // namespace vlrm
