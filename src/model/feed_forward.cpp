#include "model/feed_forward.h"

#include <algorithm>

#include "model/projection.h"
#include "model/rms_norm.h"

namespace vlrm {
namespace {

constexpr int64_t kSliceRows = 2048;  // bounds the activations, which are several times as wide as the hidden state

// gate = silu(gate) · up. libtorch takes the last elements of a thread's share in another way than the others, so rows
// that are to be apart go one by one.
void activate(const at::Tensor& gate, const at::Tensor& up, Rows rows) {
  if (rows == Rows::together) {
    at::Tensor all = gate;
    at::silu_(all).mul_(up);
    return;
  }
  for (int64_t row = 0; row < gate.size(0); ++row) {
    at::Tensor one = gate.select(0, row);
    at::silu_(one).mul_(up.select(0, row));
  }
}

}  // namespace

FeedForward::FeedForward(const WeightReader& reader, const TextConfig& config, const std::string& prefix)
    : epsilon_(config.rms_norm_eps),
      norm_(reader.vector(prefix + "post_attention_layernorm.weight", {config.hidden_size})),
      gate_and_up_(reader.matrix({{prefix + "mlp.gate_proj.weight", config.intermediate_size},
                                  {prefix + "mlp.up_proj.weight", config.intermediate_size}},
                                 config.hidden_size)),
      down_(reader.matrix(prefix + "mlp.down_proj.weight", config.hidden_size, config.intermediate_size)) {}

void FeedForward::add_to(const at::Tensor& hidden, double scale, Rows rows) const {
  for (int64_t first = 0; first < hidden.size(0); first += kSliceRows) {
    const at::Tensor slice = hidden.narrow(0, first, std::min(kSliceRows, hidden.size(0) - first));
    const at::Tensor both = project(rms_norm(slice, norm_, epsilon_), gate_and_up_, rows);
    const int64_t width = both.size(1) / 2;
    const at::Tensor gate = both.narrow(1, 0, width);
    activate(gate, both.narrow(1, width, width), rows);
    add_projection(slice, gate, down_, scale, rows);
  }
}

}  // namespace vlrm
