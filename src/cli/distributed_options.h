// Options of the commands that many processes can do together.
#pragma once

#include <vlrm/distributed.h>
#include <vlrm/model.h>

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

namespace vlrm {

struct DistributedFlags {
  bool distributed = false;
  std::string shard;

  void declare(CLI::App& command);
  bool given() const { return distributed || !shard.empty(); }
  // Nothing for a process that is alone. Else its lines on standard error get its name, and it uses its share of the
  // machine's cores unless --threads is given, which the model is told. Throws OptionError.
  std::optional<Ranks> ranks(const CLI::App& command, ModelOptions& model) const;
};

}  // namespace vlrm
