// scaled_dot_product_attention: counted as the kernel that CUDA would choose, computed by the CPU's.
#include <ATen/Context.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <torch/library.h>

#include "ledger.h"
#include "memory.h"
#include "settings.h"

namespace fake_device {
namespace {

struct Call {
  const at::Tensor &queries, &keys, &values;
  const std::optional<at::Tensor>& mask;
  bool causal;
  bool half() const { return queries.element_size() == 2; }
  int64_t rows() const { return queries.size(-2); }
  int64_t seen() const { return keys.size(-2); }
  int64_t head_size() const { return queries.size(-1); }
};

bool rows_are_dense(const Call& call) {
  return call.queries.stride(-1) == 1 && call.keys.stride(-1) == 1 && call.values.stride(-1) == 1;
}
bool same_heads(const Call& call) {
  return call.queries.size(0) == call.keys.size(0) && call.queries.size(1) == call.keys.size(1);
}
bool aligned(const at::Tensor& tensor) {  // to 16 bytes
  return tensor.storage_offset() * static_cast<int64_t>(tensor.element_size()) % 16 == 0;
}

// The rules that libtorch 2.13 has for CUDA on a Hopper GPU, as far as they matter here, in its order of preference.
bool cudnn_takes(const Call& call) {
  return at::globalContext().userEnabledCuDNNSDP() && call.half() && same_heads(call) && rows_are_dense(call) &&
         call.head_size() <= 128 && call.head_size() % 8 == 0 && call.seen() != 1;
}
bool flash_takes(const Call& call) {
  return at::globalContext().userEnabledFlashSDP() && call.half() && same_heads(call) && rows_are_dense(call) &&
         !call.mask && call.head_size() <= 256 && (!call.causal || call.rows() == call.seen());
}
bool efficient_takes(const Call& call) {
  return at::globalContext().userEnabledMemEfficientSDP() && same_heads(call) && rows_are_dense(call) &&
         call.head_size() % (call.half() ? 8 : 4) == 0 && aligned(call.queries) && aligned(call.keys) &&
         aligned(call.values);
}

Kernel chosen(const Call& call) {
  const bool bool_mask = call.mask && call.mask->scalar_type() == at::kBool;
  const std::string with_mask = call.mask ? ", mask" : "";
  const double flops = 4.0 * static_cast<double>(call.queries.numel()) * static_cast<double>(call.seen()) *
                       (call.causal && call.rows() == call.seen() ? 0.5 : 1);
  if (cudnn_takes(call)) {
    const int mask_launches = bool_mask ? 2 : 0;  // not, where
    return {.name = "attention cudnn" + with_mask, .flops = flops, .launches = 1 + mask_launches};
  }
  if (flash_takes(call)) return {.name = "attention flash", .flops = flops};
  if (efficient_takes(call)) {
    const bool pads = call.mask && call.mask->size(-1) % 8 != 0;
    const int mask_launches = (bool_mask ? 3 : 0) + (pads ? 2 : 0);  // not, fill, where; fill and copy
    return {.name = "attention efficient" + with_mask, .flops = flops, .launches = 1 + mask_launches};
  }
  return {.name = "attention math", .flops = flops, .launches = 10};
}

at::Tensor attention(const at::Tensor& queries, const at::Tensor& keys, const at::Tensor& values,
                     const std::optional<at::Tensor>& mask, double dropout, bool causal, std::optional<double> scale,
                     bool grouped) {
  std::vector<at::Tensor> all{queries, keys, values};
  if (mask) all.push_back(*mask);
  for (const at::Tensor& tensor : all)
    TORCH_CHECK(tensor.device() == queries.device(),
                "Expected all tensors to be on the same device, but found at least two devices, ", queries.device(),
                " and ", tensor.device(), "! (in attention)");
  Kernel kernel = chosen({queries, keys, values, mask, causal});
  kernel.bytes = 2.0 * static_cast<double>(bytes_of(queries) + bytes_of(keys));
  note(kernel);
  // The layout in which flash attention leaves its result: rows, then heads.
  auto sizes = queries.sizes().vec();
  std::swap(sizes[1], sizes[2]);
  at::Tensor out = at::empty(sizes, queries.options()).transpose(1, 2);
  if (settings().dry) return out;
  all.push_back(out);
  const Access access(all);
  const std::optional<at::Tensor> cpu_mask = mask ? std::optional(as_cpu(*mask)) : std::nullopt;
  as_cpu(out).copy_(at::scaled_dot_product_attention(as_cpu(queries), as_cpu(keys), as_cpu(values), cpu_mask, dropout,
                                                     causal, scale, grouped));
  return out;
}

// The kernel that would be chosen, as sdp_backend.h numbers them.
int64_t choice(const at::Tensor& queries, const at::Tensor& keys, const at::Tensor& values,
               const std::optional<at::Tensor>& mask, double, bool causal, std::optional<double>, bool) {
  const Call call{queries, keys, values, mask, causal};
  return cudnn_takes(call) ? 3 : flash_takes(call) ? 1 : efficient_takes(call) ? 2 : 0;
}

}  // namespace

TORCH_LIBRARY_IMPL(aten, PrivateUse1, m) {
  m.impl("scaled_dot_product_attention", attention);
  m.impl("_fused_sdp_choice", choice);
}

}  // namespace fake_device
