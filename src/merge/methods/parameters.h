// Parameters that several methods take.
#pragma once

#include <array>

#include "merge/method.h"

namespace vlrm {

inline constexpr MethodParameter kWeight{.name = "weight", .of = MethodParameter::Of::model};
inline constexpr MethodParameter kDensity{.name = "density",
                                          .of = MethodParameter::Of::model,
                                          .kind = ParameterKind::fraction,
                                          .default_value = 1,
                                          .meaning = "the fraction of each difference that is kept"};
inline constexpr MethodParameter kLambda{.name = "lambda", .default_value = 1};
// Saves mergekit memory; no effect on values.
inline constexpr MethodParameter kInt8Mask{.name = "int8_mask", .kind = ParameterKind::boolean, .default_value = 0};

constexpr MethodParameter boolean(std::string_view name, bool default_value) {
  return {.name = name, .kind = ParameterKind::boolean, .default_value = default_value ? 1 : 0};
}

}  // namespace vlrm
