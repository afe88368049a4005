#include "model/precision.h"

#include <ATen/DeviceAccelerator.h>

#include <optional>

#include "base/error.h"

namespace vlrm {
namespace {

// Errors name CUDA alone; any other accelerator that this libtorch has can be used all the same.
at::Device device_or_throw(const std::string& name) {
  if (name == "cpu") return at::kCPU;
  std::optional<at::Device> device;
  try {
    device.emplace(name);
  } catch (const c10::Error&) {  // not a device's name
  }
  const bool here = device && at::accelerator::getAccelerator() == device->type();
  if (!here && !(device && device->is_cuda()))
    fail("device \"{}\": not known; there are cpu, cuda and cuda:0, cuda:1 …", printable(name));
  const int count = here ? static_cast<int>(at::accelerator::deviceCount()) : 0;
  if (device->has_index() ? device->index() < count : count > 0) return *device;
  fail("device \"{}\": not there; this libtorch sees {} {} devices", name, count, c10::DeviceTypeName(device->type()));
}

}  // namespace

Precision Precision::of(const std::string& device, Dtype dtype) {
  Precision precision;
  precision.device = device_or_throw(device);
  precision.storage = dtype;
  switch (dtype) {
    case Dtype::f32:
      precision.storage_type = at::kFloat;
      break;
    case Dtype::f16:
      precision.storage_type = at::kHalf;
      break;
    case Dtype::bf16:
      precision.storage_type = at::kBFloat16;
      break;
    default:
      fail("dtype {}: a model runs in float32, float16 or bfloat16", torch_name(dtype));
  }
  precision.compute_type = precision.device.is_cpu() ? at::kFloat : precision.storage_type;
  return precision;
}

Dtype dtype_of(at::ScalarType type) {
  if (type == at::kHalf) return Dtype::f16;
  VLRM_ASSERT(type == at::kBFloat16 || type == at::kFloat);
  return type == at::kBFloat16 ? Dtype::bf16 : Dtype::f32;
}

}  // namespace vlrm
