// Pinned memory of the host, from which a copy to the device needs no wait.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Allocator.h>

namespace fake_device {

c10::Allocator& pinned_allocator();
bool is_pinned(const void* begin);

// A copy from pinned memory, which a GPU may do at any time until something needs it: here as late as that, so that a
// source which the host writes over too early shows in the numbers.
void delay_copy(const at::Tensor& source, const at::Tensor& target);
// Does what was delayed. The device's operations come after it, and so do events that the host waits for.
void finish_delayed_copies();

}  // namespace fake_device
