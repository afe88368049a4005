// What libtorch can compute on beside the CPU, without a word of libtorch.
#pragma once

#include <optional>
#include <string>

namespace vlrm {

struct Accelerator {
  std::string device;  // as BackendOptions names it: "cuda"
  std::string name;    // of the first one, by its maker: "NVIDIA H200"; "": not known
  int count = 1;       // of those that libtorch sees
};

// Nothing where libtorch sees none. Where there may be one, the first call opens libvlrm_model, and throws Error where
// that cannot be loaded; its answer is kept.
const std::optional<Accelerator>& find_accelerator();

// Whether there may be an accelerator, by the files in `devices` that drivers make: so that a machine without one need
// not open libtorch to know.
bool may_have_accelerator(const std::string& devices = "/dev");

// What to tell who computes on the CPU though a GPU is there: there is a device file of NVIDIA's in `devices`, and
// CUDA_VISIBLE_DEVICES hides none. Nothing where there is nothing to tell.
std::optional<std::string> unused_gpu_note(const std::string& devices = "/dev");

}  // namespace vlrm
