// One job that many processes do together. They share a folder, and need no word from each other.
#pragma once

#include <vlrm/error.h>

#include <cstdint>
#include <string>

namespace vlrm {

// Which of the job's processes this is.
struct Ranks {
  int64_t rank = 0, count = 1;
  int64_t local_rank = 0, local_count = 1;  // among those on its machine, as far as that is known
};

// As the engine that started this process says: the first of torchrun, Slurm arrays, srun, Open MPI and PMI that has
// set its variables. Throws OptionError where none has, or where they make no sense.
Ranks ranks_of_environment();

// "3/8": the fourth of eight. Throws OptionError.
Ranks ranks_of_shard(const std::string& shard);

}  // namespace vlrm
