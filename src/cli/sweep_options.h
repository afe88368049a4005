// Options of a sweep: many recipes in one run.
#pragma once

#include <vlrm/evaluate.h>

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace vlrm {

// --recipes, --sweep, --memory-limit.
struct SweepFlags {
  std::vector<std::string> patterns;
  std::string sweep, memory_limit;

  void declare(CLI::App& command);
  bool given() const { return !patterns.empty() || !sweep.empty(); }
  // Throws Error for a size that is none.
  SweepOptions options(EvaluateOptions evaluate) const;
};

}  // namespace vlrm
