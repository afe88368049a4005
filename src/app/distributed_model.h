// The model of one of many processes.
#pragma once

#include <vlrm/distributed.h>
#include <vlrm/model.h>

#include <filesystem>
#include <string>

namespace vlrm {

// Names the device of a process's local rank, unless one is named, and its threads: those of the job that has begun to
// write `output`, so that no digit depends on who goes on with it, else its share of the cores.
void share_machine(ModelOptions& options, const Ranks& ranks, const std::filesystem::path& output);

// "cuda", whichever of a machine's it is: what processes with a device each have in common.
std::string kind_of_device(const ModelOptions& options);

}  // namespace vlrm
