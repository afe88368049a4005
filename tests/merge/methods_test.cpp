// Merge methods against their definitions, element by element.
#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <limits>
#include <mutex>
#include <numbers>
#include <numeric>
#include <random>

#include "base/threads.h"
#include "merge/any_method.h"
#include "merge/tensors.h"
#include "support/support.h"

namespace vlrm::testing {
namespace {

using ::testing::HasSubstr;

// What TIES keeps of x − base: the int(density·n) largest magnitudes, of equals the first.
std::vector<float> trimmed(const std::vector<float>& x, const std::vector<float>& base, double density) {
  std::vector<float> delta(x.size()), magnitudes(x.size());
  for (size_t i = 0; i < x.size(); ++i) magnitudes[i] = std::abs(delta[i] = x[i] - base[i]);
  const auto kept = static_cast<size_t>(density * static_cast<double>(x.size()));
  if (kept >= x.size()) return delta;
  const auto last = magnitudes.begin() + static_cast<int64_t>(kept) - 1;
  std::ranges::nth_element(magnitudes, last, std::greater());
  auto equals_left = std::count(magnitudes.begin(), last + 1, *last);
  for (float& value : delta) {
    const float magnitude = std::abs(value);
    if (magnitude < *last || (magnitude == *last && equals_left-- <= 0)) value = 0;
  }
  return delta;
}

std::vector<float> elected(const std::vector<std::vector<float>>& deltas, const std::vector<float>& weights,
                           const std::vector<float>& base, bool normalize) {
  std::vector<float> out(base.size());
  for (size_t i = 0; i < base.size(); ++i) {
    float sum = 0, agreeing = 0, divisor = 0;
    for (size_t m = 0; m < deltas.size(); ++m) sum += weights[m] * deltas[m][i];
    for (size_t m = 0; m < deltas.size(); ++m) {
      const float weighted = weights[m] * deltas[m][i];
      if (sum >= 0 ? weighted > 0 : weighted < 0) {
        agreeing += weighted;
        divisor += weights[m];
      }
    }
    if (divisor == 0) divisor = 1;
    out[i] = base[i] + (normalize ? agreeing / divisor : agreeing);
  }
  return out;
}

void expect_same(const std::vector<float>& ours, const std::vector<float>& theirs) {
  ASSERT_EQ(ours.size(), theirs.size());
  for (size_t i = 0; i < ours.size(); ++i) ASSERT_EQ(ours[i], theirs[i]) << "element " << i;
}

TEST(Methods, NamesAreKnownAndTheNearestIsNamedFirst) {
  EXPECT_EQ(merge_method_or_throw("dare_ties").name, "dare_ties");
  EXPECT_EQ(error_of([] { merge_method_or_throw("tiess"); }),
            "merge method \"tiess\" is not known; did you mean \"ties\"?");
  EXPECT_THAT(error_of([] { merge_method_or_throw("averaging"); }), HasSubstr("known are: "));
}

TEST(Linear, AveragesWeighted) {
  const std::vector<TensorMerge::Input> inputs{
      {.tensor = tensor({1, 2, -4}), .parameters = {{"weight", 0.5}}},
      {.tensor = tensor({3, 2, 8}, Dtype::bf16), .parameters = {{"weight", 1.5}}},
      {.tensor = tensor({1, 0, 1}, Dtype::f16), .parameters = {{"weight", -1}}}};
  auto merge = merge_of("linear", nullptr, inputs);
  expect_same(merged(merge), {4, 4, 9});
  merge.inputs[2].parameters = {{"weight", 2}};
  merge.parameters.set("normalize", true);
  expect_same(merged(merge), {7 / 4.0f, 4 / 4.0f, 12 / 4.0f});
}

TEST(Linear, RefusesToNormalizeWeightsThatSumToZero) {
  auto merge = merge_of("linear", nullptr,
                        {{.tensor = tensor({1}), .parameters = {{"weight", 0.5}}},
                         {.tensor = tensor({3}), .parameters = {{"weight", -0.5}}}});
  merge.parameters.set("normalize", true);
  EXPECT_THAT(error_of([&] { merge_tensor(merge); }), HasSubstr("sum to 0"));
}

TEST(Methods, RefuseTensorsThatAreNoFloats) {
  class Integers final : public TensorReader {
    const TensorInfo& info() const override { return info_; }
    void read(int64_t, int64_t, std::byte*) const override {}
    TensorInfo info_{"positions", Dtype::i64, {4}};
  };
  EXPECT_EQ(error_of([] { merge_tensor(merge_of("linear", nullptr, {{.tensor = std::make_shared<Integers>()}})); }),
            "tensor positions: a merge needs float tensors, this one is I64");
}

TEST(TaskArithmetic, DividesByOneWhereWeightsSumToZero) {
  auto merge = merge_of("task_arithmetic", tensor({1, 1}),
                        {{.tensor = tensor({2, 3}), .parameters = {{"weight", 0.5}}},
                         {.tensor = tensor({4, 1}), .parameters = {{"weight", -0.5}}}});
  merge.parameters.set("normalize", true);
  expect_same(merged(merge), {1 + 0.5f - 1.5f, 1 + 1.0f});
}

struct TiesCase {
  size_t elements;
  double densities[2];
  float weights[2];
  bool normalize;
};

TEST(Ties, IsItsDefinition) {
  const TiesCase cases[] = {{1, {1, 1}, {1, 1}, true},
                            {10, {0.1, 0.9}, {0.3f, 0.9f}, true},
                            {2049, {0.5, 0.2}, {1, 1}, false},
                            {70'000, {0.4, 0.6}, {0.7f, 0.7f}, true},
                            {300'000, {0.05, 0.95}, {0.7f, -0.2f}, true},
                            {300'000, {1.5, 0.37}, {0, 1}, false},
                            {1'000'003, {0.9999999, 0.000002}, {1, 1}, false}};
  for (const auto& [elements, densities, weights, normalize] : cases) {
    const auto base = rounded_to_bf16(random_values(elements, 1, 0.02f));
    for (const bool many_ties : {true, false}) {
      const auto one = many_ties ? tuned(base, 2) : random_values(elements, 2);
      const auto two = many_ties ? tuned(base, 3, 0.0001f) : random_values(elements, 3);
      auto merge =
          merge_of("ties", tensor(base),
                   {{.tensor = tensor(one), .parameters = {{"weight", weights[0]}, {"density", densities[0]}}},
                    {.tensor = tensor(two), .parameters = {{"weight", weights[1]}, {"density", densities[1]}}}});
      merge.parameters.set("normalize", normalize);
      expect_same(merged(merge), elected({trimmed(one, base, densities[0]), trimmed(two, base, densities[1])},
                                         {weights[0], weights[1]}, base, normalize));
      if (HasFatalFailure()) FAIL() << elements << " elements, ties: " << many_ties;
    }
  }
}

TEST(Ties, IsItsDefinitionForAnyNumberOfModels) {
  constexpr size_t kElements = 5003;
  const auto base = random_values(kElements, 1);
  for (const bool normalize : {true, false}) {
    std::vector<TensorMerge::Input> inputs;
    std::vector<std::vector<float>> deltas;
    std::vector<float> weights;
    for (size_t models = 1; models <= 5; ++models) {
      const auto values = random_values(kElements, 1 + models);
      weights.push_back(models == 4 ? -0.4f : 0.3f * static_cast<float>(models));
      deltas.push_back(trimmed(values, base, 0.5));
      inputs.push_back({.tensor = tensor(values), .parameters = {{"weight", weights.back()}, {"density", 0.5}}});
      auto merge = merge_of("ties", tensor(base), inputs);
      merge.parameters.set("normalize", normalize);
      expect_same(merged(merge), elected(deltas, weights, base, normalize));
      if (HasFatalFailure()) FAIL() << models << " models, normalize: " << normalize;
    }
  }
}

TEST(Ties, KeepsExactlyItsShareHoweverTheDeltasLie) {
  constexpr size_t kElements = 200'000;
  const std::vector<float> base(kElements);
  auto sorted = random_values(kElements, 1);
  std::ranges::sort(sorted);
  auto half_zero = random_values(kElements, 2);
  std::fill_n(half_zero.begin() + 5000, kElements / 2, 0.0f);
  auto one_huge = std::vector<float>(kElements, 1e-40f);  // below the normal floats
  one_huge[kElements - 1] = std::numeric_limits<float>::infinity();
  std::vector<float> rows(kElements);  // scale differs from row to row
  for (size_t i = 0; i < kElements; ++i)
    rows[i] = std::exp2f(static_cast<float>(i / 1000 % 40)) * (i % 7 ? -1.5f : 1.25f);
  std::vector<float> two_values(kElements);
  for (size_t i = 0; i < kElements; ++i) two_values[i] = i % 3 == 0 ? 0.25f : -0.5f;
  const std::vector<float> equal(kElements, -3), zeros(kElements);

  for (const auto& values : {sorted, half_zero, one_huge, rows, two_values, equal, zeros}) {
    for (const double density : {0.00001, 0.2, 0.3333, 0.5, 0.6667, 0.9, 0.99999}) {
      const auto ours =
          merged(merge_of("ties", tensor(base), {{.tensor = tensor(values), .parameters = {{"density", density}}}}));
      expect_same(ours, trimmed(values, base, density));
      if (HasFatalFailure()) FAIL() << "density " << density;
    }
  }
}

// Zeros, and a record of the short reads: those of the sample that TIES takes.
class SampledTensor final : public TensorReader {
 public:
  explicit SampledTensor(int64_t elements) : info_{"w", Dtype::f32, {elements}} {}
  const TensorInfo& info() const override { return info_; }
  void read(int64_t first, int64_t count, std::byte* out) const override {
    std::fill_n(out, 4 * count, std::byte{0});
    if (count > 64) return;
    const std::lock_guard lock(mutex_);
    for (int64_t i = first; i < first + count; ++i) sampled_.push_back(i);
  }
  std::vector<int64_t> sampled() const { return sampled_; }

 private:
  TensorInfo info_;
  mutable std::mutex mutex_;
  mutable std::vector<int64_t> sampled_;
};

std::vector<int64_t> sampled_elements(size_t elements) {
  const auto spy = std::make_shared<SampledTensor>(static_cast<int64_t>(elements));
  merge_tensor(
      merge_of("ties", tensor(std::vector<float>(elements)), {{.tensor = spy, .parameters = {{"density", 0.5}}}}));
  return spy->sampled();
}

TEST(Ties, IsExactWhereTheSampleMisleads) {
  for (const size_t elements : {300'000, 9'000'000}) {
    const std::vector<float> base(elements);
    const auto sampled = sampled_elements(elements);
    ASSERT_GT(sampled.size(), 10'000);
    ASSERT_LT(sampled.size(), elements / 5);
    // The sample sees one value, below all others; or the extremes, with all others between them.
    for (const bool extremes : {false, true}) {
      std::vector<float> values(elements);
      for (size_t i = 0; i < elements; ++i) values[i] = 2 + static_cast<float>(i * 2654435761u % (1 << 22)) * 0x1p-22f;
      for (size_t i = 0; i < sampled.size(); ++i)
        values[static_cast<size_t>(sampled[i])] = extremes && i % 2 == 0 ? 9.0f : 1.0f;
      const auto merge = merge_of("ties", tensor(base), {{.tensor = tensor(values), .parameters = {{"density", 0.5}}}});
      expect_same(merged(merge), trimmed(values, base, 0.5));
      if (HasFatalFailure()) FAIL() << elements << " elements, extremes: " << extremes;
    }
  }
}

TEST(Ties, CountsNaNAsTheLargest) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const auto ours = merged(
      merge_of("ties", tensor({0, 0, 0, 0}), {{.tensor = tensor({1, 5, nan, -7}), .parameters = {{"density", 0.5}}}}));
  EXPECT_EQ(ours[0], 0);
  EXPECT_EQ(ours[1], 0);
  EXPECT_EQ(ours[3], -7);
}

TEST(Ties, RescalesToTheNormItHad) {
  auto merge =
      merge_of("ties", tensor({0, 0, 0, 0}), {{.tensor = tensor({1, -2, 3, -4}), .parameters = {{"density", 0.5}}}});
  merge.parameters.set("rescale", true);
  const float ratio = 10.0f / 7.0f;
  expect_same(merged(merge), {0, 0, 3 * ratio, -4 * ratio});
}

TEST(Dare, KeepsItsShareAndDividesByTheDensity) {
  constexpr size_t kElements = 100'000;
  auto merge = merge_of("dare_linear", tensor(std::vector<float>(kElements)),
                        {{.tensor = tensor(std::vector<float>(kElements, 1)), .parameters = {{"density", 0.4}}}});
  int64_t kept = 0;
  for (const float value : merged(merge)) {
    ASSERT_TRUE(value == 0 || value == 1 / 0.4f) << value;
    kept += value != 0;
  }
  EXPECT_NEAR(static_cast<double>(kept) / kElements, 0.4, 4 * std::sqrt(0.24 / kElements));
  merge.parameters.set("rescale", false);
  for (const float value : merged(merge)) ASSERT_TRUE(value == 0 || value == 1);
  merge.inputs[0].parameters.set("density", 1);
  for (const float value : merged(merge)) ASSERT_EQ(value, 1);
}

TEST(Dare, DividesToTheBitWhateverTheExponents) {
  std::mt19937 random(7);
  std::vector<float> deltas(1 << 18);
  for (float& delta : deltas) {  // a quarter of them subnormal
    const uint32_t bits = random();
    delta = std::bit_cast<float>((bits & 0x7F800000) == 0x7F800000 || bits % 4 == 0 ? bits & 0x807FFFFF : bits);
  }
  for (const double density : {0.999999, 0.75, 0.7, 0.625, 0.5, 0.3, 0.1, 1e-5}) {
    const auto merge = merge_of("dare_linear", tensor(std::vector<float>(deltas.size())),
                                {{.tensor = tensor(deltas), .parameters = {{"density", density}}}});
    const std::vector<float> out = merged(merge);
    for (size_t i = 0; i < out.size(); ++i)
      ASSERT_TRUE(out[i] == 0 || out[i] == deltas[i] / static_cast<float>(density)) << deltas[i] << " / " << density;
  }
}

TEST(Dare, ElectsSigns) {
  struct AllBut : ElementMask {
    explicit AllBut(size_t dropped_element) : dropped(dropped_element) {}
    void read(int64_t first, std::span<uint32_t> kept) const override {
      for (size_t i = 0; i < kept.size(); ++i) kept[i] = static_cast<size_t>(first) + i == dropped ? 0 : ~0u;
    }
    size_t dropped;
  };
  auto merge = merge_of("dare_ties", tensor({1, 1, 1}),
                        {{.tensor = tensor({2, 2, 2}),
                          .parameters = {{"weight", 1}, {"density", 0.5}},
                          .mask = std::make_shared<AllBut>(0)},
                         {.tensor = tensor({0.5f, 0.5f, -2}),
                          .parameters = {{"weight", 1}, {"density", 0.5}},
                          .mask = std::make_shared<AllBut>(9)}});
  // Deltas 0, 2, 2 and −1, −1, −6.
  expect_same(merged(merge), {0, 3, -5});
}

TEST(Methods, GiveTheSameBytesForAnyThreadsAndChunks) {
  for (const TensorMerge& merge : merges_by_all_methods()) {
    const auto expected = merged(merge);
    for (const int threads : {1, 3}) {
      set_thread_count(threads);
      for (const int64_t chunk : {333, 65536, 131'073}) expect_same(merged(merge, chunk), expected);
      if (HasFatalFailure()) FAIL() << merge.method->name << ", " << threads << " threads";
    }
    set_thread_count(0);
  }
}

TEST(Methods, OneModelThatIsTheBaseGivesTheBase) {
  const auto base = rounded_to_bf16(random_values(4'000, 1));
  for (const Method* method : merge_methods()) {
    if (method->base != BaseModel::required) continue;
    std::vector<TensorMerge::Input> inputs;
    for (size_t model = 0; model < std::max<size_t>(1, method->least_models); ++model)
      inputs.push_back({.tensor = tensor(base, Dtype::bf16, 40)});
    auto merge = merge_of(std::string(method->name), tensor(base, Dtype::f32, 40), std::move(inputs));
    merge.parameters.set("t", 0.5);
    expect_same(merged(merge), base);
    if (HasFatalFailure()) FAIL() << method->name;
  }
}

TEST(Methods, TakeTensorsWithoutElements) {
  for (const Method* method : merge_methods()) {
    TensorMerge merge = merge_by(*method);
    for (const std::vector<int64_t>& shape : {std::vector<int64_t>{0}, {0, 4}, {4, 0}}) {
      const auto empty = std::make_shared<MemoryTensor>("w", std::vector<float>(), Dtype::f32, shape);
      for (auto& input : merge.inputs) input.tensor = empty;
      if (merge.base) merge.base = empty;
      merge.output = empty->info();
      EXPECT_EQ(merged(merge).size(), 0) << method->name;
    }
  }
}

TEST(Slerp, KeepsToTheSphere) {
  auto merge = merge_of("slerp", tensor({3, 0}), {{.tensor = tensor({0, 3})}});
  merge.parameters.set("t", 1 / 3.0);
  const auto ours = merged(merge);
  EXPECT_NEAR(ours[0], 3 * std::cos(std::numbers::pi / 6), 1e-6);
  EXPECT_NEAR(ours[1], 3 * std::sin(std::numbers::pi / 6), 1e-6);
}

TEST(Karcher, OfTwoIsHalfTheWay) {
  const auto ours = merged(merge_of("karcher", nullptr, {{.tensor = tensor({2, 0})}, {.tensor = tensor({0, 4})}}));
  EXPECT_NEAR(ours[0], 3 * std::numbers::sqrt2 / 2, 1e-5);
  EXPECT_NEAR(ours[1], 3 * std::numbers::sqrt2 / 2, 1e-5);
}

TEST(Multislerp, RefusesDirectionsThatCancel) {
  const auto merge = merge_of(
      "multislerp", nullptr,
      {{.tensor = tensor({1, 0})}, {.tensor = tensor({-0.5f, 0.8660254f})}, {.tensor = tensor({-0.5f, -0.8660254f})}});
  EXPECT_THAT(error_of([&] { merged(merge); }), HasSubstr("sum to 0: they have no barycentre"));
}

TEST(Breadcrumbs, DropsTheLargestAndTheSmallest) {
  auto merge = merge_of(
      "breadcrumbs", tensor(std::vector<float>(10)),
      {{.tensor = tensor({1, -2, 3, -4, 5, -6, 7, -8, 9, -10}), .parameters = {{"density", 0.5}, {"gamma", 0.2}}}});
  expect_same(merged(merge), {0, 0, 0, -4, 5, -6, 7, -8, 0, 0});
  merge.inputs[0].parameters.set("gamma", 0.9);  // only as many as leave the share that is to stay
  expect_same(merged(merge), {1, -2, 3, -4, 5, 0, 0, 0, 0, 0});
}

TEST(Della, KeepsLargeDeltasRather) {
  constexpr size_t kColumns = 1000, kRows = 200;
  std::vector<float> values;
  for (size_t i = 0; i < kRows * kColumns; ++i) values.push_back(static_cast<float>(1 + i * 7 % kColumns));
  auto merge =
      merge_of("della_linear", tensor(std::vector<float>(values.size()), Dtype::f32, kColumns),
               {{.tensor = tensor(values, Dtype::f32, kColumns), .parameters = {{"density", 0.5}, {"epsilon", 0.2}}}});
  merge.parameters.set("rescale", 0);
  std::vector<double> kept(10);  // by tenth of the magnitudes
  for (const float value : merged(merge))
    if (value != 0) kept[static_cast<size_t>((value - 1) / 100)] += 10.0 / (kRows * kColumns);
  for (size_t tenth = 0; tenth < 10; ++tenth)
    EXPECT_NEAR(kept[tenth], 0.3 + 0.4 * (static_cast<double>(tenth) + 0.5) / 10, 0.015);
  merge.parameters.set("rescale", 1);  // each divided by its own probability
  double sum = 0;
  for (const float value : merged(merge)) sum += value;
  EXPECT_NEAR(sum / (kRows * kColumns * 500.5), 1, 0.01);
  merge.inputs[0].parameters.set("density", 0.9);
  EXPECT_THAT(error_of([&] { merged(merge); }), HasSubstr("density ± epsilon must be above 0 and below 1"));
}

}  // namespace
}  // namespace vlrm::testing
