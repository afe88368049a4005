// Pinned memory of the host, from which a copy to the device needs no wait.
#pragma once

#include <c10/core/Allocator.h>

namespace fake_device {

c10::Allocator& pinned_allocator();
bool is_pinned(const void* begin);

}  // namespace fake_device
