// The model of one of many processes.
#pragma once

#include <vlrm/distributed.h>
#include <vlrm/model.h>

#include <filesystem>
#include <string>

namespace vlrm {

// Chooses the device of a process's local rank, unless the options name one. Chooses its threads, too: the number that
// the job which writes `output` began with, so that no digit depends on which process resumes it, else its share of the
// cores.
void share_machine(ModelOptions& options, const Ranks& ranks, const std::filesystem::path& output);

// "cuda", whichever of a machine's it is: what processes with a device each have in common.
std::string kind_of_device(const ModelOptions& options);

}  // namespace vlrm
