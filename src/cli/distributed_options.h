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
  // Nothing for a process that is alone. Otherwise its lines on standard error begin with its name, and without
  // --threads `model` gets its share of the machine's cores. Throws OptionError.
  std::optional<Ranks> ranks(const CLI::App& command, ModelOptions& model) const;
};

}  // namespace vlrm
