// Options that the commands which make models share.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>

#include "artifact/output.h"
#include "merge/recipe.h"

namespace vlrm {

// --method, --weight …: see RecipeFlags. Without --seed.
void add_recipe_flags(CLI::App& command, RecipeFlags& flags);

// --seed.
struct SeedFlag {
  std::optional<uint64_t> value = {};
  std::string option = "--seed";

  CLI::Option* declare(CLI::App& command);
  void apply(Recipe& recipe) const;  // a seed that was given in vain gets a remark
};

// -o (or a second argument, OUT), --force, --resume, --max-shard-size, --out-shard-size, --sink.
struct OutputFlags {
  std::string directory, max_shard_size, out_shard_size, sink = "directory";
  std::string label = OutputOptions{}.label;
  bool force = false, resume = false;
  bool positional = false;

  void declare(CLI::App& command);
  OutputOptions options() const;  // throws Error for a size that is none, or where there is no directory
};

// "float16" and so on. Throws Error naming --dtype for anything else.
Dtype dtype_option_or_throw(const std::string& name);

// Writes the plan, tells the user what to know, and what was made.
void write_and_report(const PlannedOutput& planned, const OutputFlags& flags, const Manifest& manifest);

}  // namespace vlrm
