// Scaled dot-product attention over flat rows, with grouped key/value heads and without masks of the batch's size.
#pragma once

#include "model/aten.h"

namespace vlrm {

// queries [rows, heads, head size]; keys and values [n, key/value heads, head size], where heads is a multiple of
// key/value heads; out [rows, heads · head size] is written. All may be strided views, but for the last dimension.
struct AttentionInput {
  at::Tensor queries, keys, values;
};

// While it lives, libtorch takes no attention of cuDNN's, which would first build a plan of some 30 ms for each shape.
class WithoutPlans {
 public:
  WithoutPlans();
  ~WithoutPlans();
  WithoutPlans(const WithoutPlans&) = delete;
  WithoutPlans& operator=(const WithoutPlans&) = delete;

 private:
  bool before_;
};

// Whether the device has flash attention for such heads. Never on a CPU, and never for float32.
bool has_flash_attention(const at::Device& device, at::ScalarType type, int64_t head_size);

// Every query sees every key.
void attend_all(const at::Tensor& out, const AttentionInput& input);

// The rows are the last ones of the n positions: row i sees keys 0 … n − rows + i.
void attend_causally(const at::Tensor& out, const AttentionInput& input);

}  // namespace vlrm
