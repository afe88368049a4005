#include "model/feed_forward.h"

#include <algorithm>

#include "model/parallel_tasks.h"
#include "model/projection.h"
#include "model/rms_norm.h"
#include "model/silu.h"

namespace vlrm {
namespace {

// Bound the activations, which are several times as wide as the hidden state. A GPU needs more rows to be busy.
constexpr int64_t kSliceRows = 2048, kSliceRowsOnDevice = 8192;

constexpr int64_t kWorthAThread = int64_t{1} << 18;  // elements of a gate

// gate = silu(gate) · up, row by row on a CPU.
void activate(const at::Tensor& gate, const at::Tensor& up) {
  if (!gate.is_cpu()) {
    at::Tensor all = gate;
    at::silu_(all).mul_(up);
    return;
  }
  auto* const gates = gate.mutable_data_ptr<float>();
  const auto* const ups = up.const_data_ptr<float>();
  const int64_t rows = gate.size(0), per_task = std::max<int64_t>(1, kWorthAThread / gate.size(1));
  parallel_tasks((rows + per_task - 1) / per_task, [&](int64_t task) {
    for (int64_t row = task * per_task; row < std::min(rows, (task + 1) * per_task); ++row)
      multiply_by_silu(gates + row * gate.stride(0), ups + row * up.stride(0), gate.size(1));
  });
}

}  // namespace

FeedForward::FeedForward(const WeightReader& reader, const TextConfig& config, const std::string& prefix)
    : epsilon_(config.rms_norm_eps),
      norm_(reader.vector(prefix + "post_attention_layernorm.weight", {config.hidden_size})),
      gate_and_up_(reader.matrix({{prefix + "mlp.gate_proj.weight", config.intermediate_size},
                                  {prefix + "mlp.up_proj.weight", config.intermediate_size}},
                                 config.hidden_size)),
      down_(reader.matrix(prefix + "mlp.down_proj.weight", config.hidden_size, config.intermediate_size)) {}

void FeedForward::add_to(const at::Tensor& hidden, double scale, const Rows& rows) const {
  for (const Rows::Slice& slice : rows.slices(hidden.size(0), hidden.is_cpu() ? kSliceRows : kSliceRowsOnDevice)) {
    const at::Tensor some = hidden.narrow(0, slice.first, slice.length);
    const at::Tensor both = project(rms_norm(some, norm_, epsilon_), gate_and_up_, slice.rows(rows));
    const int64_t width = both.size(1) / 2;
    const at::Tensor gate = both.narrow(1, 0, width);
    activate(gate, both.narrow(1, width, width));
    add_projection(some, gate, down_, scale, slice.rows(rows));
  }
}

}  // namespace vlrm
