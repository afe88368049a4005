#include "merge/method.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "merge/methods/methods.h"
#include "merge/nearest.h"

namespace vlrm {
namespace {

struct Method {
  MergeMethod id;
  std::string_view name;
  bool needs_base;
  std::unique_ptr<TensorReader> (*merge)(const TensorMerge&);
};

constexpr std::array kMethods{
    Method{MergeMethod::linear, "linear", false, merge_linear},
    Method{MergeMethod::task_arithmetic, "task_arithmetic", true, merge_task_arithmetic},
    Method{MergeMethod::ties, "ties", true, merge_ties},
    Method{MergeMethod::dare_linear, "dare_linear", true, merge_dare_linear},
    Method{MergeMethod::dare_ties, "dare_ties", true, merge_dare_ties},
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
  std::string list;
  for (const std::string_view each : nearest_first(name, known)) list.append(list.empty() ? "" : ", ").append(each);
  fail("merge method \"{}\" is not known; known are: {}", printable(name), list);
}

std::string_view merge_method_name(MergeMethod method) {
  return method_of(method).name;
}

std::unique_ptr<TensorReader> merge_tensor(TensorMerge merge) {
  const Method& method = method_of(merge.method);
  VLRM_ASSERT(!merge.inputs.empty());
  VLRM_ASSERT(method.needs_base == (merge.base != nullptr));
  return method.merge(merge);
}

}  // namespace vlrm
