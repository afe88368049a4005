// One function a method: does the reduction, gives the lazy tensor. method.cpp has the table.
#pragma once

#include "merge/method.h"

namespace vlrm {

std::unique_ptr<TensorReader> merge_linear(const TensorMerge& merge);
std::unique_ptr<TensorReader> merge_task_arithmetic(const TensorMerge& merge);
std::unique_ptr<TensorReader> merge_ties(const TensorMerge& merge);
std::unique_ptr<TensorReader> merge_dare_linear(const TensorMerge& merge);
std::unique_ptr<TensorReader> merge_dare_ties(const TensorMerge& merge);

}  // namespace vlrm
