#include "dry_results.h"

#include <ATen/ops/empty.h>

namespace fake_device {
namespace {

using Values = std::vector<c10::IValue>;
using Arguments = at::ArrayRef<c10::IValue>;

// The arguments that the operation writes and returns: all its results, or none.
Values written_arguments(const c10::FunctionSchema& schema, Arguments arguments) {
  Values results;
  for (const c10::Argument& result : schema.returns()) {
    if (!result.alias_info() || !result.alias_info()->isWrite()) return {};
    for (size_t i = 0; i < arguments.size(); ++i) {
      const auto* alias = schema.arguments()[i].alias_info();
      if (alias && *alias == *result.alias_info()) results.push_back(arguments[i]);
    }
  }
  return results;
}

Values new_tensors(const std::string& name, Arguments arguments) {
  const at::Tensor x = arguments[0].toTensor();
  if (name == "aten::index_select") {
    auto sizes = x.sizes().vec();
    sizes[static_cast<size_t>(arguments[1].toInt())] = arguments[2].toTensor().numel();
    return {at::empty(sizes, x.options())};
  }
  if (name == "aten::where") return {at::empty(x.sizes(), arguments[1].toTensor().options())};
  if (name == "aten::native_layer_norm") {
    const auto statistics = [&] { return at::empty({x.numel() / x.size(-1)}, x.options().dtype(at::kFloat)); };
    return {at::empty(x.sizes(), x.options()), statistics(), statistics()};
  }
  TORCH_CHECK(false, "fake device: FAKE_DEVICE_DRY does not know which tensors ", name, " makes; see dry_results.cpp");
}

}  // namespace

void push_dry_results(const c10::OperatorHandle& op, torch::jit::Stack* stack) {
  const size_t count = op.schema().arguments().size();
  const auto arguments = torch::jit::last(*stack, count);
  Values results = written_arguments(op.schema(), arguments);
  if (results.size() != op.schema().returns().size()) results = new_tensors(op.schema().name(), arguments);
  torch::jit::drop(*stack, count);
  for (c10::IValue& result : results) stack->push_back(std::move(result));
}

}  // namespace fake_device
