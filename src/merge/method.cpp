#include "merge/method.h"

#include <algorithm>
#include <array>
#include <numeric>

#include "base/error.h"
#include "merge/methods/methods.h"

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

// Levenshtein's: how many letters to insert, remove or replace.
size_t edit_distance(std::string_view from, std::string_view to) {
  std::vector<size_t> row(to.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < from.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i + 1);
    for (size_t j = 0; j < to.size(); ++j) {
      const size_t replaced = diagonal + (from[i] == to[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

}  // namespace

MergeMethod merge_method_or_throw(const std::string& name) {
  const auto* method = std::ranges::find(kMethods, name, &Method::name);
  if (method != kMethods.end()) return method->id;
  std::vector<std::string_view> known;
  for (const Method& each : kMethods) known.push_back(each.name);
  const std::string_view start = std::string_view(name).substr(0, 64);
  std::ranges::stable_sort(known, {}, [&](std::string_view each) { return edit_distance(start, each); });
  std::string list;
  for (const std::string_view each : known) list.append(list.empty() ? "" : ", ").append(each);
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
