// What libtorch can compute on beside the CPU, without a word of libtorch.
#pragma once

#include <optional>
#include <string>

namespace vlrm {

struct Accelerator {
  std::string device;  // as BackendOptions names it: "cuda"
  std::string name;    // of the first one, by its maker: "NVIDIA H200"; "": not known
};

// Nothing where libtorch sees none. Opens libvlrm_model on the first call, whose answer is kept. Throws Error where
// that cannot be loaded.
const std::optional<Accelerator>& find_accelerator();

// What to tell who computes on the CPU though a GPU is there: there is a device file of NVIDIA's in `devices`, and
// CUDA_VISIBLE_DEVICES hides none. Nothing where there is nothing to tell.
std::optional<std::string> unused_gpu_note(const std::string& devices = "/dev");

}  // namespace vlrm
