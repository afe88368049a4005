#include "weights/tensor_place.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <vector>

#include "base/json.h"

namespace vlrm {
namespace {

// What the architectures call embeddings: of tokens, and of other things.
constexpr std::array<std::string_view, 7> kTokenEmbeddings{"embed_tokens",   "embed_in", "wte",      "word_embeddings",
                                                           "tok_embeddings", "shared",   "embed_out"};
constexpr std::array<std::string_view, 5> kOtherEmbeddings{"wpe", "embed_positions", "position_embeddings",
                                                           "token_type_embeddings", "word_embeddings_layernorm"};
constexpr std::array<std::string_view, 2> kHeads{"lm_head", "embed_out"};

std::vector<std::string_view> parts_of(std::string_view name) {
  std::vector<std::string_view> parts;
  for (;;) {
    const size_t dot = name.find('.');
    parts.push_back(name.substr(0, dot));
    if (dot == name.npos) return parts;
    name.remove_prefix(dot + 1);
  }
}

template <class Names>
bool has_part_of(std::string_view name, const Names& names) {
  return std::ranges::any_of(
      parts_of(name), [&](std::string_view part) { return std::ranges::find(names, part) != std::ranges::end(names); });
}

// A number below what any model has.
std::optional<int64_t> number(std::string_view part) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), value);
  const bool whole = error == std::errc() && end == part.data() + part.size();
  return whole && value >= 0 && value < json_limits::kRepeats ? std::optional(value) : std::nullopt;
}

}  // namespace

TensorPlace place_of(std::string_view name) {
  const auto parts = parts_of(name);
  for (size_t i = 1; i + 1 < parts.size(); ++i)
    if (const auto layer = number(parts[i])) {
      const auto begin = static_cast<size_t>(parts[i].data() - name.data());
      return {std::string(name.substr(0, begin - 1)), *layer, std::string(name.substr(begin + parts[i].size() + 1))};
    }
  return {"", -1, std::string(name)};
}

std::string name_at(const TensorPlace& place, int64_t layer) {
  return place.prefix + "." + std::to_string(layer) + "." + place.rest;
}

bool is_before_layers(std::string_view name) {
  return !is_named_like_head(name) && (has_part_of(name, kTokenEmbeddings) || has_part_of(name, kOtherEmbeddings));
}

bool is_named_like_vocabulary(std::string_view name) {
  return has_part_of(name, kTokenEmbeddings) || has_part_of(name, kHeads);
}

bool is_named_like_head(std::string_view name) {
  return has_part_of(name, kHeads);
}

const TensorInfo* embeddings_of(const Checkpoint& weights) {
  for (const TensorInfo& tensor : weights.tensors())
    if (!place_of(tensor.name).in_layer() && is_before_layers(tensor.name) && is_named_like_vocabulary(tensor.name) &&
        tensor.shape.size() == 2)
      return &tensor;
  return nullptr;
}

const TensorInfo* head_of(const Checkpoint& weights) {
  for (const TensorInfo& tensor : weights.tensors())
    if (!place_of(tensor.name).in_layer() && is_named_like_head(tensor.name) && tensor.shape.size() == 2)
      return &tensor;
  return nullptr;
}

}  // namespace vlrm
