// Options of the commands that run a model: which one, and on what.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "cli/merge_options.h"
#include "reward/scorer.h"

namespace vlrm {

// A recipe with what tells it from others.
struct NamedRecipe {
  std::string file;    // its name, without folders
  std::string digest;  // of its text
  Recipe recipe;

  // Throws Error for what is no recipe, and naming a file that cannot be read.
  static NamedRecipe read_or_throw(const std::filesystem::path& path);
  static NamedRecipe parse_or_throw(const std::string& text, const std::filesystem::path& path);
  std::string name() const { return std::filesystem::path(file).stem().string(); }
};

// --model; or --vlm, --rm and --base with a recipe: merged on load, nothing is written. And what is asked of it.
struct ModelFlags {
  std::string model, vlm, rm, base, recipe;
  std::string dtype, device = "cpu", weights = "auto", date, special_tokens = "parse";
  std::optional<int64_t> max_length;
  std::optional<std::string> truncation;
  SeedFlag seed;
  bool likelihood = false, no_exif = false;

  enum class For { scoring, writing };  // writing: no --likelihood, and the masks' seed is --merge-seed
  void declare(CLI::App& command, For what = For::scoring);
  bool names_model() const { return !(model + recipe + vlm + rm + base).empty(); }
  // Throws Error naming `command` where neither or both ways to name a model are used. `recipes` are the options that
  // merge on load.
  void check(const std::string& command, const std::string& recipes = "--recipe") const;
  // The same where recipes come from elsewhere: there must be models to merge.
  void check_inputs(const std::string& command) const;

  // The model that is named. A merge's remarks are told.
  OpenedModel open() const;
  // What a recipe makes of --vlm, --rm and --base, with --seed; `remarks` get what the user should know.
  OpenedModel merged(NamedRecipe how, std::vector<std::string>& remarks) const;
  // What its weights are kept in: what the user says, else as they are stored, or as vlrm build would store them.
  Dtype dtype_of(const OpenedModel& model) const;
  ScorerOptions scorer_options(Mode mode) const;
  BackendOptions backend_options(const OpenedModel& model) const;
  // What scores depend on, but for mode and input: kept beside outputs, so that a run is only resumed with the same.
  OrderedJson settings(const OpenedModel& model, const ScorerOptions& options) const;
  // The same of what a recipe makes.
  OrderedJson settings(const NamedRecipe& how, const ScorerOptions& options) const;

 private:
  std::optional<Dtype> named_dtype() const;
  OrderedJson settings(const NamedRecipe* how, Dtype type, const ScorerOptions& options) const;
  mutable std::map<std::string, OrderedJson> stamps_;  // of models, by name: the recipes of a sweep share theirs
};

// What should be known of the texts that were read.
void tell_warnings(const TextNotes& notes);

// --resume-mixed, of the commands whose outputs can be gone on with.
void declare_resume_mixed(CLI::App& command, bool& mixed);

}  // namespace vlrm
