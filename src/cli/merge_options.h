// Options that the commands which make models share.
#pragma once

#include <vlrm/merge.h>

#include <CLI/CLI.hpp>
#include <string>
#include "artifact/output.h"
#include "merge/recipe.h"

namespace vlrm {

// --method, --weight …, without --seed.
void declare_method(CLI::App& command, MethodOptions& options);

// -o (or a second argument, OUT), --force, --resume, --max-shard-size, --out-shard-size, --sink,
// --allow-outside.
struct OutputFlags {
  std::string directory, max_shard_size, out_shard_size, sink = "directory";
  bool force = false, resume = false, allow_outside = false;
  bool positional = false;

  void declare(CLI::App& command);
  ModelOutput output() const;   // what stands is printed. Throws Error for a size that is none
  void need_directory() const;  // throws Error where there is none, and one is needed
};

}  // namespace vlrm
