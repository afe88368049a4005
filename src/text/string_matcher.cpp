#include "text/string_matcher.h"

#include <algorithm>
#include <numeric>

#include "base/error.h"

namespace vlrm {

void StringMatcher::add(std::string_view text, size_t value) {
  prepared_ = false;
  uint32_t node = kRoot;
  starts_[static_cast<uint8_t>(text.front())] = true;
  for (const char c : text) {
    const auto byte = static_cast<uint8_t>(c);
    const auto [child, is_new] = children_.try_emplace(edge(node, byte), static_cast<uint32_t>(nodes_.size()));
    if (is_new) nodes_.push_back({.parent = node, .depth = nodes_[node].depth + 1, .byte = byte});
    node = child->second;
  }
  if (nodes_[node].value == kNoValue) nodes_[node].value = static_cast<uint32_t>(value);
}

// A node's suffix comes from its parent's, so the shallow ones go first.
void StringMatcher::prepare() {
  std::vector<uint32_t> order(nodes_.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, {}, [&](uint32_t node) { return nodes_[node].depth; });
  for (const uint32_t i : order) {
    Node& node = nodes_[i];
    if (node.depth > 1) node.suffix = next(nodes_[node.parent].suffix, node.byte);
    const Node& suffix = nodes_[node.suffix];
    node.shorter = suffix.value == kNoValue ? suffix.shorter : node.suffix;
  }
  prepared_ = true;
}

// The longest end of the bytes of `node` and `byte` that is a node.
uint32_t StringMatcher::next(uint32_t node, uint8_t byte) const {
  while (true) {
    if (const auto child = children_.find(edge(node, byte)); child != children_.end()) return child->second;
    if (node == kRoot) return kRoot;
    node = nodes_[node].suffix;
  }
}

std::optional<StringMatcher::Found> StringMatcher::longest_ending_at(size_t end, uint32_t node,
                                                                     const Accept& accept) const {
  if (nodes_[node].value == kNoValue) node = nodes_[node].shorter;
  for (; node != kRoot; node = nodes_[node].shorter) {
    const Found found{end - nodes_[node].depth, end, nodes_[node].value};
    if (!accept || accept(found)) return found;
  }
  return std::nullopt;
}

std::optional<StringMatcher::Found> StringMatcher::find(std::string_view text, size_t start) const {
  return find(text, start, nullptr);
}

std::optional<StringMatcher::Found> StringMatcher::find(std::string_view text, size_t start,
                                                        const Accept& accept) const {
  VLRM_ASSERT(prepared_);
  std::optional<Found> best;
  uint32_t node = kRoot;
  for (size_t at = start; at < text.size(); ++at) {
    const auto byte = static_cast<uint8_t>(text[at]);
    if (node == kRoot && !starts_[byte]) {
      if (best) return best;
      continue;
    }
    node = next(node, byte);
    if (best && at + 1 - nodes_[node].depth > best->begin) return best;
    const auto found = longest_ending_at(at + 1, node, accept);
    if (found && (!best || found->begin <= best->begin)) best = found;
  }
  return best;
}

}  // namespace vlrm
