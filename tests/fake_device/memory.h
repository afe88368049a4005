// Device memory: pages of the host that only the device's own operations may touch.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/CachingDeviceAllocator.h>

#include <span>
#include <vector>

namespace fake_device {

// Two devices, so that a tensor of "fake:0" used with one of "fake:1" is noticed.
constexpr int kDevices = 2;

// The device on which this thread allocates.
int current_device();
void set_current_device(int index);

// Bytes allocated on all devices together.
struct MemoryUse {
  int64_t now = 0, peak = 0;
};
MemoryUse memory_use();
void restart_peak();

// New memory holds NaNs, so that a value which is read before it is written shows. An allocation beyond
// Settings::memory throws OutOfMemoryError, as on a GPU.
c10::DeviceAllocator& allocator();

// Lets the host touch the memory of these tensors while it lives. Outside of it, touching device memory ends the
// program with a stack trace.
class Access {
 public:
  explicit Access(std::span<const at::Tensor> tensors);
  ~Access();
  Access(const Access&) = delete;
  Access& operator=(const Access&) = delete;

 private:
  std::vector<const void*> blocks_;
};

// A CPU tensor over the same memory. It may be used while an Access to `tensor` lives.
at::Tensor as_cpu(const at::Tensor& tensor);

}  // namespace fake_device
