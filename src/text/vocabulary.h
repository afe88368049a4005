// Tokens and their ids.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace vlrm {

// Strings to ids and back, by an open-addressing table: lookups are the tokenizer's innermost loop.
class Vocabulary {
 public:
  static constexpr int32_t kNone = -1;
  static constexpr int64_t kLargestId = json_limits::kCount - 1;

  // Neither the string nor the id may be there already; the id is in [0, kLargestId].
  void add(std::string_view token, int32_t id);

  int32_t find(std::string_view token) const;  // kNone: not there
  std::optional<std::string_view> token_of(int64_t id) const;
  int64_t size() const { return count_; }
  int64_t id_limit() const { return static_cast<int64_t>(entry_of_id_.size()); }  // one more than the largest id

 private:
  struct Entry {
    size_t begin;
    uint32_t length;
    int32_t id;
  };
  std::string_view text_of(const Entry& entry) const {
    return std::string_view(text_).substr(entry.begin, entry.length);
  }
  size_t slot_of(std::string_view token) const;
  void grow();

  std::string text_;
  std::vector<Entry> entries_;
  std::vector<int32_t> slots_;  // indices of entries_, or kNone; a power of two of them
  std::vector<int32_t> entry_of_id_;
  int64_t count_ = 0;
};

}  // namespace vlrm
