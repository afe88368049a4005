// _flash_attention_forward: its rules on CUDA are checked, then each run is computed by the CPU in float32.
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/zeros_like.h>
#include <torch/library.h>

#include "ledger.h"
#include "memory.h"
#include "settings.h"

namespace fake_device {
namespace {

using Optional = std::optional<at::Tensor>;
constexpr int64_t kPageMultiple = 256;

struct Call {
  const at::Tensor &queries, &keys, &values;  // [rows, heads, head size]; keys may be [pages, page size, heads, size]
  const Optional &query_ends, &key_ends, &used, &pages;
  int64_t longest_queries, longest_keys;
  bool causal;
};

// What the kernels load 16 bytes at a time.
bool loads_whole(const at::Tensor& x) {
  const auto size = static_cast<int64_t>(x.element_size());
  if (x.storage_offset() * size % 16 != 0) return false;
  for (int64_t i = 0; i + 1 < x.dim(); ++i)
    if (x.size(i) > 1 && x.stride(i) * size % 16 != 0) return false;
  return true;
}

void check_factors(const Call& call) {
  for (const at::Tensor* x : {&call.queries, &call.keys, &call.values}) {
    TORCH_CHECK(x->scalar_type() == at::kHalf || x->scalar_type() == at::kBFloat16,
                "FlashAttention only support fp16 and bf16 data type");
    TORCH_CHECK(x->scalar_type() == call.queries.scalar_type(), "query, key and value must have the same dtype");
    TORCH_CHECK(x->device() == call.queries.device(),
                "Expected all tensors to be on the same device, but found at least two devices, ",
                call.queries.device(), " and ", x->device(), "! (in flash attention)");
    TORCH_CHECK(x->stride(-1) == 1, "Input tensor must have contiguous last dimension");
    TORCH_CHECK(loads_whole(*x), "misaligned address (in flash attention)");
  }
  const int64_t size = call.queries.size(-1), heads = call.queries.size(-2), shared = call.keys.size(-2);
  TORCH_CHECK(size % 8 == 0 && size <= 256, "FlashAttention needs a head size of a multiple of 8, up to 256");
  TORCH_CHECK(call.keys.size(-1) == size && call.values.sizes() == call.keys.sizes(), "keys and values do not fit");
  TORCH_CHECK(heads % shared == 0, "Number of heads in key/value must divide number of heads in query");
}

void check_numbers(const Call& call, const Optional& x, int64_t count, const char* name) {
  if (!x) return;
  TORCH_CHECK(x->scalar_type() == at::kInt, name, " must have dtype int32");
  TORCH_CHECK(x->device() == call.queries.device(), name, " must be on the queries' device");
  TORCH_CHECK(x->is_contiguous() && x->numel() == count, name, " must be contiguous and have ", count, " elements");
}

std::vector<int64_t> numbers(const at::Tensor& x) {
  const Access access({&x, 1});
  const at::Tensor flat = as_cpu(x).flatten();
  std::vector<int64_t> result;
  for (int64_t i = 0; i < flat.numel(); ++i) result.push_back(flat.const_data_ptr<int32_t>()[i]);
  return result;
}

// Rows see keys as if they were the last ones of them. A run without keys gives zeros.
at::Tensor attended(const at::Tensor& queries, const at::Tensor& keys, const at::Tensor& values, bool causal,
                    std::optional<double> scale) {
  if (keys.size(0) == 0) return at::zeros_like(queries);
  const auto heads = [](const at::Tensor& x) { return x.to(at::kFloat).transpose(0, 1).unsqueeze(0); };
  Optional mask;
  if (causal) mask = at::ones({queries.size(0), keys.size(0)}, at::kBool).tril_(keys.size(0) - queries.size(0));
  return at::scaled_dot_product_attention(heads(queries), heads(keys), heads(values), mask, 0.0, false, scale, true)
      .squeeze(0)
      .transpose(0, 1);
}

// The keys, or values, of a run: as they lie, or page by page.
at::Tensor rows_of(const at::Tensor& x, int64_t first, int64_t count, const std::vector<int64_t>& pages) {
  if (x.dim() == 3) {
    TORCH_CHECK(first >= 0 && first + count <= x.size(0), "fake device: keys of a run are out of bounds");
    return x.narrow(0, first, count);
  }
  std::vector<at::Tensor> parts{x.new_empty({0, x.size(2), x.size(3)})};
  for (int64_t at = 0; at < count; at += x.size(1)) {
    const int64_t page = pages.at(static_cast<size_t>(at / x.size(1)));
    TORCH_CHECK(page >= 0 && page < x.size(0), "fake device: page ", page, " is out of bounds");
    parts.push_back(x.select(0, page).narrow(0, 0, std::min(x.size(1), count - at)));
  }
  return at::cat(parts);
}

void compute(const Call& call, std::optional<double> scale, const at::Tensor& out) {
  const auto query_ends = numbers(*call.query_ends), key_ends = numbers(*call.key_ends);
  const auto used = call.used ? numbers(*call.used) : std::vector<int64_t>();
  const auto pages = call.pages ? numbers(*call.pages) : std::vector<int64_t>();
  const std::vector<at::Tensor> all{call.queries, call.keys, call.values, out};
  const Access access(all);
  const at::Tensor queries = as_cpu(call.queries), keys = as_cpu(call.keys), values = as_cpu(call.values);
  for (size_t run = 0; run + 1 < query_ends.size(); ++run) {
    const int64_t first = query_ends[run], count = query_ends[run + 1] - first;
    const int64_t seen = call.used ? used[run] : key_ends[run + 1] - key_ends[run];
    TORCH_CHECK(count <= call.longest_queries && seen <= call.longest_keys,
                "fake device: a run is longer than max_q or max_k says");
    std::vector<int64_t> its_pages;
    if (call.pages) {
      const auto width = static_cast<std::ptrdiff_t>(call.pages->size(1)), at = static_cast<std::ptrdiff_t>(run);
      its_pages.assign(pages.begin() + at * width, pages.begin() + (at + 1) * width);
    }
    as_cpu(out)
        .narrow(0, first, count)
        .copy_(attended(queries.narrow(0, first, count), rows_of(keys, key_ends[run], seen, its_pages),
                        rows_of(values, key_ends[run], seen, its_pages), call.causal, scale));
  }
}

// Of pages, those that are seen.
double bytes_of_attention(const Call& call, int64_t runs) {
  const int64_t row = call.keys.size(-1) * call.keys.size(-2) * static_cast<int64_t>(call.keys.element_size());
  const int64_t keys = std::min(bytes_of(call.keys), runs * call.longest_keys * row);
  return 2.0 * static_cast<double>(bytes_of(call.queries) + keys);
}

using Results = std::tuple<at::Tensor, at::Tensor, at::Tensor, at::Tensor, at::Tensor>;

// One batch element after the other.
void compute_dense(const Call& call, std::optional<double> scale, const at::Tensor& out) {
  const std::vector<at::Tensor> all{call.queries, call.keys, call.values, out};
  const Access access(all);
  for (int64_t i = 0; i < out.size(0); ++i)
    as_cpu(out).select(0, i).copy_(attended(as_cpu(call.queries).select(0, i), as_cpu(call.keys).select(0, i),
                                            as_cpu(call.values).select(0, i), call.causal, scale));
}

Results flash_attention(const at::Tensor& queries, const at::Tensor& keys, const at::Tensor& values,
                        const Optional& query_ends, const Optional& key_ends, int64_t longest_queries,
                        int64_t longest_keys, double, bool causal, bool, std::optional<double> scale,
                        std::optional<int64_t>, std::optional<int64_t>, const Optional& used, const Optional&,
                        const Optional& pages, std::optional<int64_t>) {
  const Call call{queries, keys, values, query_ends, key_ends, used, pages, longest_queries, longest_keys, causal};
  check_factors(call);
  const int64_t runs = query_ends ? query_ends->numel() - 1 : queries.size(0);
  TORCH_CHECK(query_ends.has_value() == key_ends.has_value(), "cum_seq_q and cum_seq_k come together");
  check_numbers(call, query_ends, runs + 1, "cum_seq_q");
  check_numbers(call, key_ends, runs + 1, "cum_seq_k");
  check_numbers(call, used, runs, "seqused_k");
  if (pages) {
    check_numbers(call, pages, runs * pages->size(1), "block_table");
    TORCH_CHECK(keys.dim() == 4 && keys.size(1) % kPageMultiple == 0,
                "Paged KV cache block size must be divisible by 256");
  }
  note({.name = "aten::_flash_attention_forward",
        .flops = 4.0 * static_cast<double>(queries.numel()) * static_cast<double>(longest_keys),
        .bytes = bytes_of_attention(call, runs)});
  at::Tensor out = at::empty(queries.sizes(), queries.options());
  if (!settings().dry) query_ends ? compute(call, scale, out) : compute_dense(call, scale, out);
  return {out, {}, {}, {}, {}};
}

}  // namespace

TORCH_LIBRARY_IMPL(aten, PrivateUse1, m) {
  m.impl("_flash_attention_forward", flash_attention);
}

}  // namespace fake_device
