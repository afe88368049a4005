// A merge in a few numbers, where no recipe is wanted.
#pragma once

#include <optional>
#include <string>

namespace vlrm {

struct MethodOptions {
  std::string method = {};  // linear, task_arithmetic, ties, …
  // As the method needs them.
  std::optional<double> weight = {}, weight_vlm = {}, weight_rm = {}, density = {};
  std::optional<bool> normalize = {}, rescale = {};  // none: as in the published recipes
};

}  // namespace vlrm
