// Operations get their arguments, and give their results, as values of any type on a stack.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/core/stack.h>

namespace fake_device {

// Calls use(tensor) for every tensor among the values and in their lists.
template <class Use>
void for_each_tensor(at::ArrayRef<c10::IValue> values, const Use& use) {
  for (const c10::IValue& value : values) {
    if (value.isTensor()) {
      use(value.toTensor());
    } else if (value.isTensorList()) {
      for (const at::Tensor& tensor : value.toTensorVector()) use(tensor);
    } else if (value.isOptionalTensorList()) {
      for (const std::optional<at::Tensor>& tensor : value.toOptionalTensorVector())
        if (tensor) use(*tensor);
    }
  }
}

// Turns values with tensors of the device into values with CPU tensors over the same memory, and results back: a
// result that is one of the arguments comes back as that argument.
class Translation {
 public:
  c10::IValue to_cpu(const c10::IValue& value);
  c10::IValue from_cpu(const c10::IValue& value, c10::Device device) const;

 private:
  at::Tensor tensor_to_cpu(const at::Tensor& tensor);
  at::Tensor tensor_from_cpu(const at::Tensor& tensor, c10::Device device) const;

  struct Pair {
    at::Tensor on_device, on_cpu;
  };
  std::vector<Pair> pairs_;
};

}  // namespace fake_device
