#include "cli/distributed_options.h"

#include <algorithm>

#include "base/threads.h"
#include "cli/terminal.h"
#include "cli/usage_errors.h"
#include "distributed/ranks.h"

namespace vlrm {

void DistributedFlags::declare(CLI::App& command) {
  CLI::Option* option = command.add_flag(
      "--distributed", distributed,
      "This process is one of many that torchrun, Slurm or mpirun started, and does its share of the work");
  command.add_option("--shard", shard, "The same by hand: I/N is process I of N, counted from 0")
      ->check(not_empty())
      ->excludes(option);
}

std::optional<Ranks> DistributedFlags::ranks(const CLI::App& command, ModelOptions& model) const {
  if (!given()) return std::nullopt;
  Ranks ranks = distributed ? ranks_of_environment() : ranks_of_shard(shard);
  begin_lines_with(rank_label(ranks));
  if (command.get_parent()->get_option("--threads")->count() > 0)
    model.threads = thread_count();
  else
    set_thread_count(static_cast<int>(std::max<int64_t>(1, thread_count() / ranks.local_count)));
  ranks.local_count = 1;  // the cores are shared out
  return ranks;
}

}  // namespace vlrm
