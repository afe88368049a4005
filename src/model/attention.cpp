#include "model/attention.h"

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

}  // namespace

void attend_all(const at::Tensor& out, const AttentionInput& input) {
  const Grouped g = grouped(input);
  store(out, at::scaled_dot_product_attention(g.queries, g.keys, g.values));
}

void attend_causally(const at::Tensor& out, const AttentionInput& input) {
  const Grouped g = grouped(input);
  const int64_t rows = input.queries.size(0), past = input.keys.size(0) - rows;
  for (int64_t first = 0; first < rows; first += kQueryRows) {
    const int64_t count = std::min(kQueryRows, rows - first), seen = past + first + count;
    const at::Tensor queries = g.queries.narrow(2, first, count);
    const at::Tensor keys = g.keys.narrow(2, 0, seen), values = g.values.narrow(2, 0, seen);
    std::optional<at::Tensor> mask;
    const bool square = seen == count;
    if (!square && count > 1) mask = at::ones({count, seen}, out.options().dtype(at::kBool)).tril_(seen - count);
    store(out.narrow(0, first, count),
          at::scaled_dot_product_attention(queries, keys, values, mask, 0.0, square && count > 1));
  }
}

}  // namespace vlrm
