#include "model/text_cache.h"

#include "model/index_tensor.h"

namespace vlrm {
namespace {

constexpr int64_t kFirstRoom = 32;  // tokens; doubled when they are written

// `old` with room for `room` tokens along `dimension`.
at::Tensor with_room(const at::Tensor& old, int64_t dimension, int64_t count, int64_t room) {
  auto sizes = old.sizes().vec();
  sizes[static_cast<size_t>(dimension)] = room;
  at::Tensor larger = at::empty(sizes, old.options());
  larger.narrow(dimension, 0, count).copy_(old.narrow(dimension, 0, count));
  return larger;
}

}  // namespace

KeysValues KeysValues::of(const at::Tensor& keys, const at::Tensor& values) {
  return {keys.transpose(0, 1).contiguous(), values.permute({1, 2, 0}).contiguous(), keys.size(0)};
}

void LayerCache::append(const at::Tensor& keys, const at::Tensor& values) {
  const int64_t texts = keys.size(0), heads = keys.size(1), size = keys.size(2);
  if (!own.keys.defined()) {
    own.keys = at::empty({texts, heads, kFirstRoom, size}, keys.options());
    own.values = at::empty({texts, heads, size, kFirstRoom}, keys.options());
  } else if (own.count == own.keys.size(2)) {
    own.keys = with_room(own.keys, 2, own.count, 2 * own.count);
    own.values = with_room(own.values, 3, own.count, 2 * own.count);
  }
  own.keys.select(2, own.count).copy_(keys);
  own.values.select(3, own.count).copy_(values);
  ++own.count;
}

void LayerCache::keep(const at::Tensor& texts) {
  own.keys = own.keys.index_select(0, texts);
  own.values = own.values.index_select(0, texts);
}

void TextGroup::keep(const std::vector<int64_t>& indices) {
  bool all = static_cast<int64_t>(indices.size()) == texts;
  for (size_t i = 0; i < indices.size(); ++i) all = all && indices[i] == static_cast<int64_t>(i);
  if (all) return;
  at::Tensor index;  // on the caches' device: copied there once
  for (LayerCache& layer : layers) {
    if (!layer.own.keys.defined()) continue;
    if (!index.defined()) index = index_tensor(indices, layer.own.keys.device());
    layer.keep(index);
  }
  texts = static_cast<int64_t>(indices.size());
}

}  // namespace vlrm
