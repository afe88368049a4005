// Every operation for which the device has no kernel of its own: the arguments are checked as CUDA checks them and the
// operation is counted, then the CPU's kernel runs on the device's memory.
#include <ATen/core/dispatch/Dispatcher.h>
#include <torch/library.h>

#include <algorithm>
#include <array>
#include <set>

#include "dry_results.h"
#include "ledger.h"
#include "memory.h"
#include "settings.h"
#include "stack_values.h"

namespace fake_device {
namespace {

using Stack = torch::jit::Stack;
using Arguments = at::ArrayRef<c10::IValue>;

// Operations after which CUDA waits, because the host needs a result.
bool waits(const std::string& name) {
  static const std::set<std::string> names{"aten::nonzero",
                                           "aten::masked_select",
                                           "aten::_unique2",
                                           "aten::unique_dim",
                                           "aten::unique_consecutive",
                                           "aten::equal",
                                           "aten::is_nonzero",
                                           "aten::index",
                                           "aten::index_put_",
                                           "aten::_index_put_impl_",
                                           "aten::bincount",
                                           "aten::histc",
                                           "aten::_linalg_det",
                                           "aten::repeat_interleave"};
  return names.contains(name);
}

bool takes_cpu_indices(const std::string& name) {
  return name == "aten::index" || name == "aten::index_put_" || name == "aten::_index_put_impl_";
}

// All tensors must be on one device. CUDA lets a number, a CPU tensor without dimensions, pass.
void check_devices(const std::string& name, Arguments arguments) {
  std::optional<c10::Device> device;
  for_each_tensor(arguments, [&](const at::Tensor& tensor) {
    if (!tensor.defined()) return;
    if (tensor.is_cpu() && (tensor.dim() == 0 || takes_cpu_indices(name))) return;
    if (!device) device = tensor.device();
    TORCH_CHECK(tensor.device() == *device,
                "Expected all tensors to be on the same device, but found at least two devices, ", *device, " and ",
                tensor.device(), "! (in ", name, ")");
  });
}

// The shape of a product of matrices, m, n and k; those of a batch one below the other. Zeros for other operations.
std::array<int64_t, 3> product_of(const std::string& name, Arguments arguments) {
  const bool product = name == "aten::mm" || name == "aten::bmm",
             sum = name == "aten::addmm" || name == "aten::baddbmm";
  if (!product && !sum) return {};
  const size_t first = sum ? 1 : 0;  // the summand comes before the factors
  const at::Tensor a = arguments[first].toTensor(), b = arguments[first + 1].toTensor();
  return {a.numel() / std::max<int64_t>(a.size(-1), 1), b.size(-1), a.size(-1)};
}

double bytes_in(Arguments values) {
  double bytes = 0;
  for_each_tensor(values, [&](const at::Tensor& tensor) { bytes += static_cast<double>(bytes_of(tensor)); });
  return bytes;
}

// What is read and written. Rows that are gathered or scattered count themselves, not the table that they are of.
double bytes_moved(const std::string& name, Arguments arguments) {
  if (name == "aten::index_select") return 0;  // its result counts twice
  if (name == "aten::index_copy") return 2 * static_cast<double>(bytes_of(arguments[3].toTensor()));
  return bytes_in(arguments);
}

double bytes_of_results(const std::string& name, Arguments results) {
  return bytes_in(results) * (name == "aten::index_select" ? 2 : 1);
}

Kernel kernel_of(const c10::OperatorHandle& op, Arguments arguments) {
  const std::string &name = op.schema().name(), &overload = op.schema().overload_name();
  const auto product = product_of(name, arguments);
  const double flops =
      2.0 * static_cast<double>(product[0]) * static_cast<double>(product[1]) * static_cast<double>(product[2]);
  return {overload.empty() ? name : name + "." + overload, flops, 1, bytes_moved(name, arguments), product};
}

// Its results are arguments that it writes.
bool writes_arguments(const c10::OperatorHandle& op) {
  return std::ranges::any_of(op.schema().returns(), [](const c10::Argument& result) {
    return result.alias_info() && result.alias_info()->isWrite();
  });
}

void run_on_cpu(const c10::OperatorHandle& op, Stack* stack) {
  const size_t count = op.schema().arguments().size();
  const auto arguments = torch::jit::last(*stack, count);
  c10::Device device(c10::DeviceType::PrivateUse1, static_cast<c10::DeviceIndex>(current_device()));
  std::vector<at::Tensor> tensors;
  for_each_tensor(arguments, [&](const at::Tensor& tensor) {
    tensors.push_back(tensor);
    if (tensor.defined() && tensor.is_privateuseone()) device = tensor.device();
  });
  const Access access(tensors);
  Translation translation;
  Stack on_cpu;
  for (const c10::IValue& argument : arguments) on_cpu.push_back(translation.to_cpu(argument));
  op.callBoxed(&on_cpu);
  torch::jit::drop(*stack, count);
  for (const c10::IValue& result : on_cpu) stack->push_back(translation.from_cpu(result, device));
}

void run(const c10::OperatorHandle& op, Stack* stack) {
  const auto arguments = torch::jit::last(*stack, op.schema().arguments().size());
  const std::string& name = op.schema().name();
  check_devices(name, arguments);
  Kernel kernel = kernel_of(op, arguments);
  if (settings().dry)
    push_dry_results(op, stack);
  else
    run_on_cpu(op, stack);
  if (!writes_arguments(op))
    kernel.bytes += bytes_of_results(name, torch::jit::last(*stack, op.schema().returns().size()));
  note(kernel);
  if (waits(name)) note_wait(name);
}

}  // namespace

TORCH_LIBRARY_IMPL(_, PrivateUse1, m) {
  m.fallback(torch::CppFunction::makeFromBoxedFunction<&run>());
}

// libtorch would take these apart into smaller operations, where CUDA has a kernel.
TORCH_LIBRARY_IMPL(aten, PrivateUse1, m) {
  for (const char* name : {"native_layer_norm", "silu", "gelu", "logical_not", "linalg_vector_norm"})
    m.impl(name, torch::CppFunction::makeFromBoxedFunction<&run>());
}

}  // namespace fake_device
