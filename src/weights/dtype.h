// Element types of tensors, and conversion to and from float32.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace vlrm {

// The types a safetensors file may hold. Arithmetic is done on the first three; the others pass through untouched.
enum class Dtype : uint8_t { f32, f16, bf16, f64, i64, i32, i16, i8, u64, u32, u16, u8, boolean, f8_e4m3, f8_e5m2 };

int64_t size_of(Dtype dtype);                    // bytes an element
std::string_view safetensors_name(Dtype dtype);  // "F32", "BF16", …
std::optional<Dtype> dtype_from_safetensors(std::string_view name);
std::string_view torch_name(Dtype dtype);  // "float32", "bfloat16", …: as configs spell it
std::optional<Dtype> dtype_from_torch(std::string_view name);
inline bool is_float(Dtype dtype) {
  return dtype == Dtype::f32 || dtype == Dtype::f16 || dtype == Dtype::bf16;
}

// `source` holds out.size() elements of a float type. Exact.
void to_float32(Dtype dtype, const std::byte* source, std::span<float> out);
// out[i] = source[i] − base[i] in float32: the bytes that to_float32 and a subtraction give, in one pass.
void to_float32_less(Dtype dtype, const std::byte* source, const float* base, std::span<float> out);
// How many elements of a float type are infinite or NaN; 0 for the other types, whose bytes pass through.
int64_t count_not_finite(Dtype dtype, std::span<const std::byte> elements);
// Rounds to nearest, ties to even, as PyTorch does: NaN stays NaN, values past float16's range become infinite.
void from_float32(std::span<const float> values, Dtype dtype, std::byte* out);

}  // namespace vlrm
