// Merges by every method there is, on random values.
#pragma once

#include <algorithm>
#include <random>

#include "merge/tensors.h"

namespace vlrm::testing {

inline std::vector<float> random_values(size_t count, unsigned seed, float scale = 1) {
  std::mt19937 engine(seed);
  std::normal_distribution<float> normal(0, scale);
  std::vector<float> values(count);
  std::ranges::generate(values, [&] { return normal(engine); });
  return values;
}

inline std::vector<float> rounded_to_bf16(std::vector<float> values) {
  std::vector<std::byte> bytes(values.size() * 2);
  from_float32(values, Dtype::bf16, bytes.data());
  to_float32(Dtype::bf16, bytes.data(), values);
  return values;
}

// A model as fine-tuning leaves it: many deltas of few different sizes, many of them 0.
inline std::vector<float> tuned(const std::vector<float>& base, unsigned seed, float scale = 0.003f) {
  auto values = random_values(base.size(), seed, scale);
  for (size_t i = 0; i < base.size(); ++i) values[i] += base[i];
  return rounded_to_bf16(values);
}

// A merge of as many models as the method takes, up to three, of 201 rows with 997 columns each.
inline TensorMerge merge_by(const Method& method) {
  constexpr size_t kElements = 201 * 997;
  const auto base = rounded_to_bf16(random_values(kElements, 1, 0.02f));
  std::vector<TensorMerge::Input> inputs;
  for (unsigned model = 0; model < std::min<size_t>(3, method.most_models); ++model) {
    const Dtype dtype = model == 1 ? Dtype::f32 : Dtype::bf16;
    inputs.push_back({.tensor = tensor(tuned(base, 2 + model), dtype, 997),
                      .parameters = {{"weight", 0.7 - 0.1 * model}, {"density", 0.4}}});
  }
  const bool apart = method.base != BaseModel::a_model;
  TensorMerge merge =
      merge_of(std::string(method.name), apart ? tensor(base, Dtype::bf16, 997) : nullptr, std::move(inputs));
  for (const auto& [name, value] : {std::pair("normalize", 1.0), {"t", 0.3}, {"select_topk", 0.5}})
    if (method.find(name) != nullptr) merge.parameters.set(name, value);
  return merge;
}

// All methods, with those of their parameters that choose another way through the code.
inline std::vector<TensorMerge> merges_by_all_methods() {
  std::vector<TensorMerge> merges;
  for (const Method* method : merge_methods()) {
    merges.push_back(merge_by(*method));
    const auto add = [&](const ParameterValues& parameters) {
      merges.push_back(merge_by(*method));
      merges.back().parameters = parameters;
    };
    ParameterValues with_norm = merges.back().parameters, by_row = merges.back().parameters;
    if (method->find("rescale_norm") != nullptr) with_norm.set("rescale_norm", 1), add(with_norm);  // l1
    if (method->find("filter_wise") != nullptr) by_row.set("filter_wise", 1), add(by_row);
    if (method->find("nuslerp_flatten") == nullptr) continue;
    by_row.set("nuslerp_flatten", 0);
    add(by_row);
    by_row.set("nuslerp_row_wise", 1);
    add(by_row);
  }
  return merges;
}

}  // namespace vlrm::testing
