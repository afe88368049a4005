#include "model/runs.h"

#include <ATen/ops/_flash_attention_forward.h>

#include <algorithm>

#include "model/index_tensor.h"

namespace vlrm {

std::pair<Runs, at::Tensor> Runs::with(const std::vector<Run>& runs, const std::vector<int32_t>& more,
                                       const at::Device& device) {
  const auto count = static_cast<int64_t>(runs.size()), rest = static_cast<int64_t>(more.size());
  const at::Tensor numbers = at::empty({3 * count + 2 + rest}, at::kInt);
  auto* ends = numbers.mutable_data_ptr<int32_t>();
  auto *firsts = ends + count + 1, *counts = firsts + count + 1;
  Runs result;
  ends[0] = 0;
  firsts[count] = 0;
  for (const Run& run : runs) {
    ends[1] = ends[0] + static_cast<int32_t>(run.queries);
    ++ends;
    *firsts++ = static_cast<int32_t>(run.first_key);
    *counts++ = static_cast<int32_t>(run.keys);
    result.longest_queries = std::max(result.longest_queries, run.queries);
    result.longest_keys = std::max(result.longest_keys, run.keys);
  }
  std::ranges::copy(more, counts);
  const at::Tensor sent = sent_to(device, numbers);
  result.query_ends = sent.narrow(0, 0, count + 1);
  result.first_keys = sent.narrow(0, count + 1, count + 1);
  result.key_counts = sent.narrow(0, 2 * count + 2, count);
  return {result, sent.narrow(0, 3 * count + 2, rest)};
}

at::Tensor attend_runs(const AttentionInput& input, const Runs& runs, bool causal) {
  const auto made = at::_flash_attention_forward(
      input.queries, input.keys, input.values, runs.query_ends, runs.first_keys, runs.longest_queries,
      runs.longest_keys, /*dropout_p=*/0.0, causal, /*return_debug_mask=*/false, /*scale=*/std::nullopt,
      /*window_size_left=*/std::nullopt, /*window_size_right=*/std::nullopt, std::optional(runs.key_counts));
  return std::get<0>(made).flatten(1);
}

}  // namespace vlrm
