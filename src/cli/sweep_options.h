// Options of a sweep: many recipes in one run.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cli/model_options.h"

namespace vlrm {

// --recipes, --sweep, --memory-limit.
struct SweepFlags {
  std::vector<std::string> patterns;
  std::string sweep, memory_limit;

  void declare(CLI::App& command);
  bool given() const { return !patterns.empty() || !sweep.empty(); }

  // Throws Error naming the pattern that no file matches, and two recipes that would have the same result folder.
  std::vector<NamedRecipe> recipes() const;
  // Bytes; nothing where the user leaves it to us. Throws Error for a size that is none.
  std::optional<int64_t> limit() const;
};

}  // namespace vlrm
