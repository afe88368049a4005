#include "model/projection.h"

#include <ATen/core/List.h>
#include <ATen/core/dispatch/Dispatcher.h>

#include <algorithm>

#include "model/few_rows.h"
#include "model/parallel_tasks.h"
#include "model/precision.h"
#include "model/threads_scope.h"

namespace vlrm {
namespace {

constexpr int64_t kPanelElements = int64_t{1} << 21;  // 8 MiB of float32: inside a last-level cache

// Below this many multiplications, compiling a kernel for a new shape would cost more than it saves.
constexpr int64_t kWorthAKernel = int64_t{1} << 25;

// Up to so many, reading the weights is what takes the time.
constexpr int64_t kFewRows = 16;

// oneDNN's product with a weight matrix, which libtorch has but offers to its own compiler only: on the few hundred
// rows of a text it is half as fast again as what mm() uses. Without it (another build of libtorch) mm() does.
using OneDnnLinear = at::Tensor(const at::Tensor&, const at::Tensor&, const std::optional<at::Tensor>&,
                                std::string_view, c10::List<std::optional<at::Scalar>>,
                                std::optional<std::string_view>);

std::optional<c10::TypedOperatorHandle<OneDnnLinear>> find_one_dnn() {
  const auto schema = c10::Dispatcher::singleton().findSchema({"mkldnn::_linear_pointwise", ""});
  if (!schema || !schema->hasKernelForDispatchKey(c10::DispatchKey::CPU)) return std::nullopt;
  return schema->typed<OneDnnLinear>();
}

// The rows of x one by one, [rows, outputs] in float32.
at::Tensor product_apart(const at::Tensor& x, const at::Tensor& weight) {
  constexpr int64_t kOutputs = 96, kWorthATask = int64_t{1} << 21;  // of a task: outputs, multiplications
  const int64_t outputs = weight.size(0),
                per_task = kOutputs * std::max<int64_t>(1, kWorthATask / std::max<int64_t>(1, x.numel() * kOutputs));
  at::Tensor out = at::empty({x.size(0), outputs}, x.options());
  FewRows product{x.const_data_ptr<float>(),
                  x.stride(0),
                  x.size(0),
                  x.size(1),
                  weight.const_data_ptr(),
                  weight.stride(0),
                  dtype_of(weight.scalar_type()),
                  out.mutable_data_ptr<float>(),
                  outputs};
  parallel_tasks((outputs + per_task - 1) / per_task, [&](int64_t task) {
    multiply_few_rows(product, task * per_task, std::min(outputs, (task + 1) * per_task));
  });
  return out;
}

at::Tensor plain_product(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  return bias.defined() ? at::addmm(bias, x, weight.t()) : at::mm(x, weight.t());
}

// x · weightᵀ (+ bias), all of one type. On a CPU no digit depends on the number of threads: oneDNN and few rows take
// their sums in one order, and mm(), which does not, has one thread.
at::Tensor product(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  static const auto one_dnn = find_one_dnn();
  if (!x.is_cpu() || x.scalar_type() != at::kFloat) return plain_product(x, weight, bias);
  if (x.numel() * weight.size(0) >= kWorthAKernel) {
    if (!one_dnn) return plain_product(x, weight, bias);
    return one_dnn->call(x, weight, bias.defined() ? std::optional(bias) : std::nullopt, "none",
                         c10::List<std::optional<at::Scalar>>(), "");
  }
  if (x.size(0) <= kFewRows) {
    const at::Tensor out = product_apart(x, weight);
    return bias.defined() ? out.add_(bias) : out;
  }
  const ThreadsScope one_thread(1);
  return plain_product(x, weight, bias);
}

// Calls use(first output, panel in x's type) for all rows of the weight.
template <class Use>
void for_each_panel(const at::Tensor& x, const at::Tensor& weight, const Use& use) {
  const int64_t outputs = weight.size(0), inputs = weight.size(1);
  const int64_t panel_rows = std::clamp<int64_t>(kPanelElements / inputs / 16 * 16, 16, std::max<int64_t>(16, outputs));
  const at::Tensor scratch = at::empty({std::min(panel_rows, outputs), inputs}, x.options());
  for (int64_t first = 0; first < outputs; first += panel_rows) {
    const int64_t rows = std::min(panel_rows, outputs - first);
    const at::Tensor panel = scratch.narrow(0, 0, rows);
    panel.copy_(weight.narrow(0, first, rows));
    use(first, panel);
  }
}

}  // namespace

at::Tensor project(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  return project(x, weight, Rows::together(), bias);
}

at::Tensor project(const at::Tensor& x, const at::Tensor& weight, const Rows& rows, const at::Tensor& bias) {
  if (rows.are_apart() && x.is_cpu()) {
    const at::Tensor out = product_apart(x, weight);
    return bias.defined() ? out.add_(bias) : out;
  }
  const bool same_type = weight.scalar_type() == x.scalar_type();
  if (same_type && !rows.in_pieces()) return product(x, weight, bias);
  at::Tensor out = at::empty({x.size(0), weight.size(0)}, x.options());
  const auto fill = [&](int64_t first_output, const at::Tensor& panel) {
    const int64_t outputs = panel.size(0);
    const at::Tensor some = out.narrow(1, first_output, outputs);
    const at::Tensor its_bias = bias.defined() ? bias.narrow(0, first_output, outputs) : bias;
    rows.for_each_call(x.size(0), [&](int64_t first, int64_t length) {
      some.narrow(0, first, length).copy_(product(x.narrow(0, first, length), panel, its_bias));
    });
  };
  if (same_type)
    fill(0, weight);
  else
    for_each_panel(x, weight, fill);
  return out;
}

void add_projection(const at::Tensor& sum, const at::Tensor& x, const at::Tensor& weight, double scale,
                    const Rows& rows) {
  if (rows.are_apart() && x.is_cpu()) {
    sum.add_(product_apart(x, weight), scale);
    return;
  }
  const bool same_type = weight.scalar_type() == x.scalar_type();
  if (same_type && !x.is_cpu() && !rows.in_pieces()) {
    sum.addmm_(x, weight.t(), 1, scale);
    return;
  }
  const auto add = [&](int64_t first_output, const at::Tensor& panel) {
    const at::Tensor some = sum.narrow(1, first_output, panel.size(0));
    rows.for_each_call(x.size(0), [&](int64_t first, int64_t length) {
      some.narrow(0, first, length).add_(product(x.narrow(0, first, length), panel, {}), scale);
    });
  };
  if (same_type)
    add(0, weight);
  else
    for_each_panel(x, weight, add);
}

}  // namespace vlrm
