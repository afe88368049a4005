#include "model/attention.h"

#include <ATen/Context.h>
#include <ATen/ops/_flash_attention_forward.h>
#include <ATen/ops/_fused_sdp_choice.h>

#include <algorithm>

namespace vlrm {
namespace {

constexpr int64_t kQueryRows = 512;  // bounds the mask to 512 rows; keys right of a block's last row are never touched

// The heads that share a key/value head stand together, one key/value head an element of the batch: [key/value heads,
// heads a group, rows, head size]. Keys are repeated by a stride of zero, not by copying.
struct Grouped {
  at::Tensor queries, keys, values;
};

Grouped grouped(const AttentionInput& input) {
  const int64_t heads = input.queries.size(1), shared = input.keys.size(1), group = heads / shared;
  const auto repeated = [&](const at::Tensor& x) {
    return x.transpose(0, 1).unsqueeze(1).expand({shared, group, x.size(0), x.size(2)});
  };
  if (group == 1) {  // one batch of many heads
    const auto plain = [](const at::Tensor& x) { return x.transpose(0, 1).unsqueeze(0); };
    return {plain(input.queries), plain(input.keys), plain(input.values)};
  }
  const at::Tensor queries = input.queries.unflatten(1, {shared, group}).permute({1, 2, 0, 3});
  return {queries, repeated(input.keys), repeated(input.values)};
}

// [batch, heads, rows, head size] → out [rows, batch · heads · head size].
void store(const at::Tensor& out, const at::Tensor& attended) {
  out.view({attended.size(2), attended.size(0), attended.size(1), attended.size(3)})
      .copy_(attended.permute({2, 0, 1, 3}));
}

at::Tensor attended(const Grouped& g, const std::optional<at::Tensor>& mask = {}, bool causal = false) {
  const WithoutPlans without_plans;
  return at::scaled_dot_product_attention(g.queries, g.keys, g.values, mask, 0.0, causal);
}

// A row that is not among the first sees all before it: one call, with no mask.
bool attend_by_flash(const at::Tensor& out, const AttentionInput& input) {
  const int64_t rows = input.queries.size(0), keys = input.keys.size(0);
  if (!has_flash_attention(out.device(), out.scalar_type(), input.queries.size(2))) return false;
  const auto made = at::_flash_attention_forward(
      input.queries.unsqueeze(0), input.keys.unsqueeze(0), input.values.unsqueeze(0), std::optional<at::Tensor>(),
      std::optional<at::Tensor>(), rows, keys, /*dropout_p=*/0.0, /*is_causal=*/true, /*return_debug_mask=*/false);
  out.copy_(std::get<0>(made).squeeze(0).flatten(1));
  return true;
}

}  // namespace

WithoutPlans::WithoutPlans() : before_(at::globalContext().userEnabledCuDNNSDP()) {
  if (before_) at::globalContext().setSDPUseCuDNN(false);
}

WithoutPlans::~WithoutPlans() {
  if (before_) at::globalContext().setSDPUseCuDNN(true);
}

void attend_all(const at::Tensor& out, const AttentionInput& input) {
  store(out, attended(grouped(input)));
}

bool has_flash_attention(const at::Device& device, at::ScalarType type, int64_t head_size) {
  constexpr int64_t kFlash = 1;  // as libtorch numbers its kernels
  if (device.is_cpu() || type == at::kFloat || head_size % 8 != 0) return false;
  const at::Tensor any = at::empty({1, 1, 2, head_size}, at::TensorOptions().dtype(type).device(device));
  const WithoutPlans without_plans;
  return at::_fused_sdp_choice(any, any, any) == kFlash;
}

void attend_causally(const at::Tensor& out, const AttentionInput& input) {
  if (attend_by_flash(out, input)) return;
  const Grouped g = grouped(input);
  const int64_t rows = input.queries.size(0), past = input.keys.size(0) - rows;
  for (int64_t first = 0; first < rows; first += kQueryRows) {
    const int64_t count = std::min(kQueryRows, rows - first), seen = past + first + count;
    const Grouped some{g.queries.narrow(2, first, count), g.keys.narrow(2, 0, seen), g.values.narrow(2, 0, seen)};
    std::optional<at::Tensor> mask;
    const bool square = seen == count;
    if (!square && count > 1) mask = at::ones({count, seen}, out.options().dtype(at::kBool)).tril_(seen - count);
    store(out.narrow(0, first, count), attended(some, mask, square && count > 1));
  }
}

}  // namespace vlrm
