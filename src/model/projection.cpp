#include "model/projection.h"

#include <algorithm>

namespace vlrm {
namespace {

constexpr int64_t kPanelElements = int64_t{1} << 21;  // 8 MiB of float32: inside a last-level cache

// Calls product(first output, panel in x's type) for all rows of the weight.
template <class Product>
void for_each_panel(const at::Tensor& x, const at::Tensor& weight, const Product& product) {
  if (weight.scalar_type() == x.scalar_type()) {
    product(int64_t{0}, weight);
    return;
  }
  const int64_t outputs = weight.size(0), inputs = weight.size(1);
  const int64_t panel_rows = std::clamp<int64_t>(kPanelElements / inputs / 16 * 16, 16, std::max<int64_t>(16, outputs));
  const at::Tensor scratch = at::empty({std::min(panel_rows, outputs), inputs}, x.options());
  for (int64_t first = 0; first < outputs; first += panel_rows) {
    const int64_t rows = std::min(panel_rows, outputs - first);
    const at::Tensor panel = scratch.narrow(0, 0, rows);
    panel.copy_(weight.narrow(0, first, rows));
    product(first, panel);
  }
}

}  // namespace

at::Tensor project(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  at::Tensor out = at::empty({x.size(0), weight.size(0)}, x.options());
  for_each_panel(x, weight, [&](int64_t first, const at::Tensor& panel) {
    at::Tensor part = out.narrow(1, first, panel.size(0));
    if (bias.defined())
      at::addmm_out(part, bias.narrow(0, first, panel.size(0)), x, panel.t());
    else
      at::mm_out(part, x, panel.t());
  });
  return out;
}

void add_projection(const at::Tensor& sum, const at::Tensor& x, const at::Tensor& weight, double scale) {
  for_each_panel(x, weight, [&](int64_t first, const at::Tensor& panel) {
    sum.narrow(1, first, panel.size(0)).addmm_(x, panel.t(), 1, scale);
  });
}

}  // namespace vlrm
