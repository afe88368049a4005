// Parameters that several methods take.
#pragma once

#include <array>

#include "merge/method.h"

namespace vlrm {

inline constexpr MethodParameter kWeight{.name = "weight", .of = MethodParameter::Of::model};
inline constexpr MethodParameter kDensity{.name = "density",
                                          .of = MethodParameter::Of::model,
                                          .kind = ParameterKind::share,
                                          .usual = 1,
                                          .meaning = "the share of each difference that is kept"};
inline constexpr MethodParameter kLambda{.name = "lambda", .usual = 1};
// Saves mergekit memory; no effect on values.
inline constexpr MethodParameter kInt8Mask{.name = "int8_mask", .kind = ParameterKind::truth, .usual = 0};

constexpr MethodParameter truth(std::string_view name, bool usual) {
  return {.name = name, .kind = ParameterKind::truth, .usual = usual ? 1 : 0};
}

}  // namespace vlrm
