// Keys and values in pages, so that all texts that are written are one call of attention, however they share prompts
// and images. A layer's pool is [pages, kPageTokens, 2 · key/value heads, head size], the keys first.
#pragma once

#include <span>

#include "model/rope.h"
#include "model/runs.h"

namespace vlrm {

constexpr int64_t kPageTokens = 256;  // the smallest page that flash attention takes

// Places are counted through all pages of a pool.
struct Stored {
  at::Tensor rows, places;  // int64: row rows[i] goes to places[i]
};

// What prompts leave in the pools. `pool` is that of the layer at work.
struct PagedPrompts {
  Stored texts, images;  // `images` is undefined where none is seen
  at::Tensor pool;
};

// The next token of each text.
struct PagedStep {
  Rope::Angles angles;
  at::Tensor places;  // int64: where the tokens' keys and values go
  Runs texts;
  at::Tensor pages;  // int32 [texts, …]
  // Of the texts that see images: `seeing` says which, int64, where not all do; `image_pages` is undefined where none
  // does.
  Runs images;
  at::Tensor image_pages, seeing;
  at::Tensor pool;
};

// keys_and_values [rows, 2 · key/value heads, head size].
void store(const at::Tensor& pool, const Stored& stored, const at::Tensor& keys_and_values);

// queries [texts, heads, head size]; gives [texts, heads · head size].
at::Tensor attend_pages(const at::Tensor& queries, const at::Tensor& pool, const Runs& runs, const at::Tensor& pages);
// The same for a libtorch whose flash attention knows no pages: they are copied one behind the other.
at::Tensor attend_gathered_pages(const at::Tensor& queries, const at::Tensor& pool, const Runs& runs,
                                 const at::Tensor& pages);

}  // namespace vlrm
