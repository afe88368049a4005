#include "stack_values.h"

#include <ATen/ops/empty_strided.h>

#include "memory.h"

namespace fake_device {

at::Tensor Translation::tensor_to_cpu(const at::Tensor& tensor) {
  if (!tensor.defined() || !tensor.is_privateuseone()) return tensor;
  for (const Pair& pair : pairs_)
    if (pair.on_device.is_same(tensor)) return pair.on_cpu;
  pairs_.push_back({tensor, as_cpu(tensor)});
  return pairs_.back().on_cpu;
}

c10::IValue Translation::to_cpu(const c10::IValue& value) {
  if (value.isTensor()) return tensor_to_cpu(value.toTensor());
  if (value.isTensorList()) {
    std::vector<at::Tensor> all;
    for (const at::Tensor& tensor : value.toTensorVector()) all.push_back(tensor_to_cpu(tensor));
    return all;
  }
  if (value.isOptionalTensorList()) {
    c10::List<std::optional<at::Tensor>> all;
    for (const std::optional<at::Tensor>& tensor : value.toOptionalTensorVector())
      all.push_back(tensor ? std::optional(tensor_to_cpu(*tensor)) : std::nullopt);
    return all;
  }
  if (value.isDevice()) return c10::Device(c10::DeviceType::CPU);
  return value;
}

at::Tensor Translation::tensor_from_cpu(const at::Tensor& tensor, c10::Device device) const {
  if (!tensor.defined()) return tensor;
  for (const auto& [on_device, on_cpu] : pairs_)
    if (on_cpu.is_same(tensor)) {
      TORCH_CHECK(on_cpu.sizes() == on_device.sizes(), "fake device: an operation resized its output");
      return on_device;
    }
  at::Tensor made = at::empty_strided(tensor.sizes(), tensor.strides(), tensor.options().device(device));
  const Access access({&made, 1});
  as_cpu(made).copy_(tensor);
  return made;
}

c10::IValue Translation::from_cpu(const c10::IValue& value, c10::Device device) const {
  if (value.isTensor()) return tensor_from_cpu(value.toTensor(), device);
  if (!value.isTensorList()) return value;
  std::vector<at::Tensor> all;
  for (const at::Tensor& tensor : value.toTensorVector()) all.push_back(tensor_from_cpu(tensor, device));
  return all;
}

}  // namespace fake_device
