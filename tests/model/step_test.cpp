// What a step of writing texts is made of.
#include <ATen/TensorOperators.h>
#include <gtest/gtest.h>

#include <cmath>

#include "model/few_rows.h"
#include "model/step_attention.h"

namespace vlrm::testing {
namespace {

TEST(FewRows, AreProducts) {
  std::vector<float> x(70 * 1100), weight(13 * 1100);
  for (size_t i = 0; i < x.size(); ++i) x[i] = std::sin(static_cast<float>(i));
  for (size_t i = 0; i < weight.size(); ++i) weight[i] = std::cos(static_cast<float>(i * i));
  for (const Dtype dtype : {Dtype::f32, Dtype::bf16, Dtype::f16}) {
    std::vector<std::byte> stored(weight.size() * static_cast<size_t>(size_of(dtype)));
    from_float32(weight, dtype, stored.data());
    std::vector<float> exact(weight.size());
    to_float32(dtype, stored.data(), exact);
    for (const int64_t inputs : {1, 5, 16, 511, 512, 1027}) {
      std::vector<float> alone;
      for (const int64_t rows : {1, 2, 6, 8, 13, 64, 70}) {
        std::vector<float> out(static_cast<size_t>(rows * 20), -1);
        const FewRows product{x.data(), 1100, rows, inputs, stored.data(), 1100, dtype, out.data(), 20};
        multiply_few_rows(product, 0, 5);
        multiply_few_rows(product, 5, 13);
        for (int64_t row = 0; row < rows; ++row) {
          for (int64_t output = 0; output < 13; ++output) {
            double sum = 0;
            for (int64_t k = 0; k < inputs; ++k)
              sum += static_cast<double>(x[static_cast<size_t>(row * 1100 + k)]) *
                     static_cast<double>(exact[static_cast<size_t>(output * 1100 + k)]);
            EXPECT_NEAR(out[static_cast<size_t>(row * 20 + output)], sum, 2e-5);
          }
          EXPECT_EQ(out[static_cast<size_t>(row * 20 + 13)], -1);
        }
        const std::vector<float> first(out.begin(), out.begin() + 13);
        if (alone.empty()) alone = first;
        EXPECT_EQ(first, alone) << rows;
      }
    }
  }
}

TEST(StepAttention, KernelsAndOperatorsAgree) {
  const c10::InferenceMode no_gradients;
  const auto random = [](const std::vector<int64_t>& shape) {
    static int64_t seed = 0;
    int64_t count = 1;
    for (const int64_t size : shape) count *= size;
    return at::arange(count, at::kFloat).mul_(static_cast<double>(++seed)).sin_().mul_(3).view(shape);
  };
  LayerCache first, second;
  for (const int64_t tokens : {7, 100})
    first.shared.push_back(
        std::make_shared<KeysValues>(KeysValues::of(random({tokens, 2, 8}), random({tokens, 2, 8}))));
  second.shared.push_back(first.shared[0]);
  for (int i = 0; i < 33; ++i) first.append(random({3, 2, 8}), random({3, 2, 8}));
  const std::vector<Growing> groups{{3, &first}, {1, &second}};
  const at::Tensor queries = random({4, 6, 8}), kernels = at::empty({4, 48}), operators = at::empty({4, 48});
  attend_to_past(kernels, queries, groups);
  attend_to_past_with_operators(operators, queries, groups);
  EXPECT_LT((kernels - operators).abs().max().item<float>(), 1e-5f);
  EXPECT_GT(operators.abs().max().item<float>(), 0.1f);
}

}  // namespace
}  // namespace vlrm::testing
