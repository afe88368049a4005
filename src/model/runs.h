// Attention of many runs of rows in one call, by flash attention: how a GPU works in half types.
#pragma once

#include <vector>

#include "model/attention.h"

namespace vlrm {

// Consecutive rows of queries, each run with keys of its own, which other runs may have too.
struct Run {
  int64_t queries = 0, first_key = 0, keys = 0;  // without keys the run's result is zeros
};

// The same on a device.
struct Runs {
  at::Tensor query_ends;  // int32, one more than runs: run i has rows [query_ends[i], query_ends[i + 1])
  at::Tensor first_keys;  // int32, one more than runs; the last is not looked at
  at::Tensor key_counts;  // int32
  int64_t longest_queries = 0, longest_keys = 0;

  // Copied without a wait of the host. `more` goes with it: the second result, int32.
  static std::pair<Runs, at::Tensor> with(const std::vector<Run>& runs, const std::vector<int32_t>& more,
                                          const at::Device& device);
  static Runs of(const std::vector<Run>& runs, const at::Device& device) { return with(runs, {}, device).first; }
};

// Queries, keys and values as for attend_all(); the runs are all rows of the queries. With `causal`, a run's rows are
// the last ones of its keys' positions. Gives [rows, heads · head size].
at::Tensor attend_runs(const AttentionInput& input, const Runs& runs, bool causal);

}  // namespace vlrm
