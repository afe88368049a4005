// How models are merged, where no recipe's file says it.
#pragma once

#include <optional>
#include <string>

namespace vlrm {

struct MergeMethod {
  std::string method;  // linear, task_arithmetic, ties, …
  // As the method needs them.
  std::optional<double> weight = {}, weight_vlm = {}, weight_rm = {}, density = {};
  std::optional<bool> normalize = {}, rescale = {};  // none: as in the published recipes
  bool operator==(const MergeMethod&) const = default;
};

}  // namespace vlrm
