// Attention of texts that grow by one token.
#pragma once

#include <span>

#include "model/text_cache.h"

namespace vlrm {

// Consecutive rows, one a text, and what they see: all that is in the cache.
struct Growing {
  int64_t texts = 0;
  LayerCache* cache = nullptr;
};

// Every cache has something that its texts share. queries [texts of all groups, heads, head size]; out [texts, heads ·
// head size] is written. On a CPU what a text gets does not depend on the others, to the last bit.
void attend_to_past(const at::Tensor& out, const at::Tensor& queries, std::span<const Growing> groups);

// The same by libtorch's operators: what is done on a GPU.
void attend_to_past_with_operators(const at::Tensor& out, const at::Tensor& queries, std::span<const Growing> groups);

}  // namespace vlrm
