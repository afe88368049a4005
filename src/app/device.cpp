#include "app/device.h"

#include "base/error.h"
#include "base/listening.h"
#include "model/accelerator.h"

namespace vlrm {
namespace {

constexpr const char* kAuto = "auto";

std::optional<Accelerator> accelerator() {
  try {
    return find_accelerator();
  } catch (const Error&) {  // of a library that cannot be loaded: who needs a model will be told
    return std::nullopt;
  }
}

}  // namespace

std::string device_of(const ModelOptions& options) {
  if (options.device != kAuto) return options.device;
  const auto found = accelerator();
  return found ? found->device : "cpu";
}

void tell_device(const ModelOptions& options) {
  if (options.device != kAuto) return;
  if (const auto found = accelerator())
    tell_status(fmt::format("device: {}:0{}", found->device, found->name.empty() ? "" : " (" + found->name + ")"));
  else if (const auto note = unused_gpu_note())
    tell_warning(*note);
}

}  // namespace vlrm
