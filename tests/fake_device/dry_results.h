// What an operation gives where nothing is computed (FAKE_DEVICE_DRY).
#pragma once

#include <ATen/core/dispatch/Dispatcher.h>

namespace fake_device {

// Replaces the operation's arguments on the stack by results of the right shapes. Throws for an operation that makes
// new tensors in a way not known here.
void push_dry_results(const c10::OperatorHandle& op, torch::jit::Stack* stack);

}  // namespace fake_device
