// The device that a model runs on.
#pragma once

#include <vlrm/model.h>

#include <string>

namespace vlrm {

// What `device` names; for auto the accelerator that libtorch sees, else the CPU.
std::string device_of(const ModelOptions& options);

// Tells the listener what auto took, where that is not the CPU of a machine without a GPU.
void tell_device(const ModelOptions& options);

}  // namespace vlrm
