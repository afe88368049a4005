// Counts what the device was asked to do.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <string>

namespace fake_device {

// An operation: its name, the floating-point operations of its products or of attention, how many kernels a GPU
// launches for it, and the bytes of memory that it reads and writes.
struct Kernel {
  std::string name;
  double flops = 0;
  int launches = 1;
  double bytes = 0;
  std::array<int64_t, 3> product = {};  // of matrices [m, k] and [k, n]: m, n, k
};

// An element that a stride of zero repeats counts once.
int64_t bytes_of(const at::Tensor& tensor);

enum class Copy { to_device, to_host };

// These may be called from several threads.
void note(const Kernel& kernel);
void note_copy(Copy way, const at::Tensor& source, const at::Tensor& target, bool blocking);
void note_wait(const std::string& why);  // the host waits until the device has done everything

}  // namespace fake_device

// For programs that find the library at run time, through dlsym. The report is JSON; it is valid until the next call.
extern "C" {
void fake_device_restart();
const char* fake_device_report();
}
