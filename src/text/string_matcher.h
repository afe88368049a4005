// Finds the longest of several strings at the leftmost place, in linear time (Aho and Corasick 1975).
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace vlrm {

class StringMatcher {
 public:
  void add(std::string_view text, size_t value);  // not empty; of equal strings the first counts
  void prepare();                                 // once all are added
  bool empty() const { return nodes_.size() == 1; }

  struct Found {
    size_t begin, end, value;
  };
  using Accept = std::function<bool(const Found&)>;
  std::optional<Found> find(std::string_view text, size_t start) const;
  // Of those that `accept` takes.
  std::optional<Found> find(std::string_view text, size_t start, const Accept& accept) const;

 private:
  static constexpr uint32_t kRoot = 0, kNoValue = UINT32_MAX;
  struct Node {  // stands for the bytes on the way to it
    uint32_t parent = kRoot, depth = 0, value = kNoValue;
    uint32_t suffix = kRoot;   // the longest end of its bytes that is a node too
    uint32_t shorter = kRoot;  // the longest such end that is a whole string
    uint8_t byte = 0;          // the last one
  };
  static uint64_t edge(uint32_t node, uint8_t byte) { return uint64_t{node} << 8 | byte; }
  uint32_t next(uint32_t node, uint8_t byte) const;
  std::optional<Found> longest_ending_at(size_t end, uint32_t node, const Accept& accept) const;

  std::vector<Node> nodes_{1};
  std::unordered_map<uint64_t, uint32_t> children_;
  std::array<bool, 256> starts_{};  // bytes that begin a string
  bool prepared_ = true;
};

}  // namespace vlrm
