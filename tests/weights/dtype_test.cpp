#include "weights/dtype.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "support/support.h"

namespace vlrm::testing {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

std::vector<uint16_t> narrow(const std::vector<float>& values, Dtype dtype) {
  std::vector<uint16_t> bits(values.size());
  from_float32(values, dtype, reinterpret_cast<std::byte*>(bits.data()));
  return bits;
}

std::vector<float> widen(const std::vector<uint16_t>& bits, Dtype dtype) {
  std::vector<float> values(bits.size());
  to_float32(dtype, reinterpret_cast<const std::byte*>(bits.data()), values);
  return values;
}

std::vector<uint16_t> all_bits() {
  std::vector<uint16_t> bits(1 << 16);
  for (size_t i = 0; i < bits.size(); ++i) bits[i] = static_cast<uint16_t>(i);
  return bits;
}

struct Format {
  Dtype dtype;
  int exponent_bits, fraction_bits;
  int bias() const { return (1 << (exponent_bits - 1)) - 1; }
};
constexpr Format kFloat16{Dtype::f16, 5, 10}, kBfloat16{Dtype::bf16, 8, 7};

// The value that IEEE 754 gives the bits of a small format.
double value_of(uint16_t bits, const Format& format) {
  const int fraction = bits & ((1 << format.fraction_bits) - 1);
  const int exponent = bits >> format.fraction_bits & ((1 << format.exponent_bits) - 1);
  const double sign = bits >> 15 != 0 ? -1 : 1;
  if (exponent == (1 << format.exponent_bits) - 1) return fraction != 0 ? NAN : sign * kInfinity;
  const int significand = exponent == 0 ? fraction : fraction | 1 << format.fraction_bits;
  return sign * std::ldexp(significand, std::max(exponent, 1) - format.bias() - format.fraction_bits);
}

// The nearest value of a small format, ties to even, by double arithmetic in which every step is exact.
double nearest(float value, const Format& format) {
  if (!std::isfinite(value) || value == 0) return value;
  const int exponent = std::max(std::ilogb(value), 1 - format.bias());
  const double unit = std::ldexp(1.0, exponent - format.fraction_bits);
  const double rounded = std::nearbyint(value / unit) * unit;
  return std::fabs(rounded) >= std::ldexp(1.0, format.bias() + 1) ? std::copysign(kInfinity, value) : rounded;
}

class SmallFloat : public ::testing::TestWithParam<Format> {};
INSTANTIATE_TEST_SUITE_P(Formats, SmallFloat, ::testing::Values(kFloat16, kBfloat16),
                         [](const auto& test) { return std::string(torch_name(test.param.dtype)); });

TEST_P(SmallFloat, AllValuesWidenExactlyAndComeBack) {
  const std::vector<uint16_t> bits = all_bits();
  const std::vector<float> values = widen(bits, GetParam().dtype);
  const std::vector<uint16_t> back = narrow(values, GetParam().dtype);
  for (size_t i = 0; i < bits.size(); ++i) {
    const double wanted = value_of(bits[i], GetParam());
    if (std::isnan(wanted)) {
      ASSERT_TRUE(std::isnan(values[i])) << i;
      ASSERT_TRUE(std::isnan(value_of(back[i], GetParam()))) << i;
    } else {
      ASSERT_EQ(values[i], wanted) << i;
      ASSERT_EQ(back[i], bits[i]);  // the sign of zero too
    }
  }
}

TEST_P(SmallFloat, RoundsToNearestEvenAroundEveryMidpoint) {
  std::vector<float> values;
  for (uint16_t bits = 0; bits < 0x7FFF; ++bits) {
    const auto low = static_cast<float>(value_of(bits, GetParam()));
    const auto high = static_cast<float>(value_of(bits + 1, GetParam()));
    const float middle = static_cast<float>((double{low} + high) / 2);
    for (const float value : {middle, std::nextafter(middle, 0.F), std::nextafter(middle, kInfinity)})
      values.insert(values.end(), {value, -value});
  }
  const std::vector<uint16_t> bits = narrow(values, GetParam().dtype);
  for (size_t i = 0; i < values.size(); ++i) {
    if (std::isnan(values[i])) continue;
    ASSERT_EQ(value_of(bits[i], GetParam()), nearest(values[i], GetParam())) << values[i];
  }
}

TEST_P(SmallFloat, RoundsAnyFloat) {
  std::mt19937 generator(1);
  std::vector<float> values(1'000'003);  // odd: the tail of a vectorised loop too
  for (float& value : values) value = std::bit_cast<float>(static_cast<uint32_t>(generator()));
  for (size_t i = 0; i < values.size() / 2; ++i) values[i] = std::fmod(values[i], 70000.F);  // in float16's range
  const std::vector<uint16_t> bits = narrow(values, GetParam().dtype);
  for (size_t i = 0; i < values.size(); ++i) {
    const double got = value_of(bits[i], GetParam());
    if (std::isnan(values[i])) {
      ASSERT_TRUE(std::isnan(got));
    } else {
      ASSERT_EQ(got, nearest(values[i], GetParam())) << values[i];
      ASSERT_EQ(std::signbit(got), std::signbit(values[i]));
    }
  }
}

TEST_P(SmallFloat, LessABaseIsAnExactDifferenceOfTheTwoSteps) {
  std::mt19937 generator(5);
  std::normal_distribution<float> normal;
  std::vector<float> values(1000), base(1000), steps(1000), at_once(1000);
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = normal(generator);
    base[i] = normal(generator);
  }
  std::vector<std::byte> stored(2 * values.size());
  from_float32(values, GetParam().dtype, stored.data());
  to_float32(GetParam().dtype, stored.data(), steps);
  for (size_t i = 0; i < steps.size(); ++i) steps[i] -= base[i];
  to_float32_less(GetParam().dtype, stored.data(), base.data(), at_once);
  EXPECT_EQ(steps, at_once);
}

TEST(DtypeTest, KnownEdges) {
  EXPECT_EQ(narrow({65519.996F, 65520.F, -65520.F, 1e30F, kInfinity, 0x1p-25F, 0x1.8p-24F, -0.F}, Dtype::f16),
            (std::vector<uint16_t>{0x7BFF, 0x7C00, 0xFC00, 0x7C00, 0x7C00, 0, 2, 0x8000}));
  EXPECT_EQ(narrow({3.4e38F, -3.4e38F, kInfinity, std::numeric_limits<float>::denorm_min(), NAN}, Dtype::bf16),
            (std::vector<uint16_t>{0x7F80, 0xFF80, 0x7F80, 0, 0x7FC0}));
  // A NaN whose payload lies in the bits that are cut off must not become an infinity.
  EXPECT_EQ(narrow({std::bit_cast<float>(0x7F800001U)}, Dtype::bf16)[0], 0x7FC0);
  EXPECT_EQ(narrow({std::bit_cast<float>(0xFF800001U)}, Dtype::f16)[0] & 0x7E00, 0x7E00);
}

TEST(DtypeTest, NamesAndSizes) {
  EXPECT_EQ(dtype_from_safetensors("BF16"), Dtype::bf16);
  EXPECT_EQ(dtype_from_torch("bfloat16"), Dtype::bf16);
  EXPECT_EQ(dtype_from_safetensors("bf16"), std::nullopt);
  EXPECT_EQ(dtype_from_torch("half"), std::nullopt);
  for (uint8_t i = 0; i <= static_cast<uint8_t>(Dtype::f8_e5m2); ++i) {
    const auto dtype = static_cast<Dtype>(i);
    EXPECT_EQ(dtype_from_safetensors(safetensors_name(dtype)), dtype);
    EXPECT_EQ(dtype_from_torch(torch_name(dtype)), dtype);
  }
  EXPECT_EQ(size_of(Dtype::i64), 8);
  EXPECT_EQ(size_of(Dtype::f16), 2);
  EXPECT_EQ(size_of(Dtype::boolean), 1);
}

TEST(DtypeTest, NothingConvertsToNothing) {
  for (const Dtype dtype : {Dtype::f32, Dtype::f16, Dtype::bf16}) {
    to_float32(dtype, nullptr, {});
    from_float32({}, dtype, nullptr);
  }
}

}  // namespace
}  // namespace vlrm::testing
