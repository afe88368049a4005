// Options of the commands that run a model: which one, and on what.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <optional>
#include <string>

#include "cli/merge_options.h"
#include "reward/scorer.h"

namespace vlrm {

// --model; or --vlm, --rm and --base with a recipe: merged on load, nothing is written. And what is asked of it.
struct ModelFlags {
  std::string model, vlm, rm, base, recipe;
  std::string dtype, device = "cpu", weights = "auto", date;
  SeedFlag seed;
  bool likelihood = false, no_exif = false;

  void declare(CLI::App& command);
  // Throws Error naming `command` where neither or both ways to name a model are used.
  void check(const std::string& command) const;

  // The model that is named. A merge's remarks are told.
  ScorerModel open() const;
  // What its weights are kept in: what the user says, else as they are stored, or as vlrm build would store them.
  Dtype dtype_of(const ScorerModel& model) const;
  ScorerOptions scorer_options(Mode mode) const;
  BackendOptions backend_options(const ScorerModel& model) const;
  // What scores depend on, but for mode and input: kept beside outputs, so that a run is only resumed with the same.
  OrderedJson settings(const ScorerModel& model, const ScorerOptions& options) const;

 private:
  std::optional<Dtype> named_dtype() const;
  ScorerModel merged_on_load() const;
};

}  // namespace vlrm
