#include "merge/method.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/nearest.h"
#include "merge/methods/methods.h"

namespace vlrm {
namespace {

struct Method {
  MergeMethod id;
  std::string_view name;
  bool needs_base, drops_deltas;
  std::unique_ptr<TensorReader> (*merge)(const TensorMerge&);
};

constexpr std::array kMethods{
    Method{MergeMethod::linear, "linear", false, false, merge_linear},
    Method{MergeMethod::task_arithmetic, "task_arithmetic", true, false, merge_task_arithmetic},
    Method{MergeMethod::ties, "ties", true, true, merge_ties},
    Method{MergeMethod::dare_linear, "dare_linear", true, true, merge_dare_linear},
    Method{MergeMethod::dare_ties, "dare_ties", true, true, merge_dare_ties},
};

const Method& method_of(MergeMethod id) {
  const auto* method = std::ranges::find(kMethods, id, &Method::id);
  VLRM_ASSERT(method != kMethods.end());
  return *method;
}

}  // namespace

MergeMethod merge_method_or_throw(const std::string& name) {
  const auto* method = std::ranges::find(kMethods, name, &Method::name);
  if (method != kMethods.end()) return method->id;
  std::vector<std::string_view> known;
  for (const Method& each : kMethods) known.push_back(each.name);
  fail("merge method \"{}\" is not known; {}", printable(name), suggestion(name, known));
}

std::string_view merge_method_name(MergeMethod method) {
  return method_of(method).name;
}

bool drops_deltas(MergeMethod method) {
  return method_of(method).drops_deltas;
}

bool keeps_something(MergeMethod method, double density, int64_t elements) {
  if (!drops_deltas(method)) return true;
  const bool one_is_kept = density * static_cast<double>(elements) >= 1;  // by dare_*: as is to be expected
  return one_is_kept && (method == MergeMethod::ties || density >= kLeastDensity);
}

std::unique_ptr<TensorReader> merge_tensor(const TensorMerge& merge) {
  const Method& method = method_of(merge.method);
  VLRM_ASSERT(!merge.inputs.empty());
  VLRM_ASSERT(method.needs_base == (merge.base != nullptr));
  for (const auto& input : merge.inputs)
    VLRM_ASSERT(keeps_something(merge.method, input.density, merge.output.elements()));
  return method.merge(merge);
}

}  // namespace vlrm
