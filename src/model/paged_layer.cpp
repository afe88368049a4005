#include "model/paged_layer.h"

#include <ATen/ops/_flash_attention_forward.h>
#include <torch/headeronly/version.h>

namespace vlrm {

void store(const at::Tensor& pool, const Stored& stored, const at::Tensor& keys_and_values) {
  const at::Tensor rows = stored.rows.defined() ? keys_and_values.index_select(0, stored.rows) : keys_and_values;
  pool.flatten(0, 1).index_copy_(0, stored.places, rows);
}

at::Tensor attend_gathered_pages(const at::Tensor& queries, const at::Tensor& pool, const Runs& runs,
                                 const at::Tensor& pages) {
  const int64_t shared = pool.size(2) / 2, texts = pages.size(0), room = pages.size(1) * kPageTokens;
  const at::Tensor both = pool.index_select(0, pages.flatten()).flatten(0, 1);
  Runs gathered = runs;
  gathered.first_keys = at::arange(0, (texts + 1) * room, room, runs.first_keys.options());
  return attend_runs({queries, both.narrow(1, 0, shared), both.narrow(1, shared, shared)}, gathered, /*causal=*/false);
}

// Pages came with libtorch 2.12.
at::Tensor attend_pages(const at::Tensor& queries, const at::Tensor& pool, const Runs& runs, const at::Tensor& pages) {
#if TORCH_VERSION_MAJOR > 2 || TORCH_VERSION_MINOR >= 12
  const int64_t shared = pool.size(2) / 2;
  const auto made = at::_flash_attention_forward(
      queries, pool.narrow(2, 0, shared), pool.narrow(2, shared, shared), runs.query_ends, runs.first_keys,
      runs.longest_queries, runs.longest_keys, /*dropout_p=*/0.0, /*is_causal=*/false, /*return_debug_mask=*/false,
      /*scale=*/std::nullopt, /*window_size_left=*/std::nullopt, /*window_size_right=*/std::nullopt,
      std::optional(runs.key_counts), /*alibi_slopes=*/std::optional<at::Tensor>(), std::optional(pages));
  return std::get<0>(made).flatten(1);
#else
  return attend_gathered_pages(queries, pool, runs, pages);
#endif
}

}  // namespace vlrm
