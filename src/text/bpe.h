// Byte-pair encoding (Sennrich et al. 2016) of one word: its symbols merge in the order in which the merges were
// learned.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "text/vocabulary.h"

namespace vlrm {

// What a pair of neighbouring symbols merges to, by open addressing.
class MergeTable {
 public:
  struct Merge {
    uint32_t rank;
    int32_t id;
  };
  static constexpr uint32_t kNever = UINT32_MAX;

  explicit MergeTable(size_t count);  // room for as many merges
  void set(int32_t left, int32_t right, Merge merge);
  Merge find(int32_t left, int32_t right) const;  // rank kNever: they do not merge

 private:
  struct Slot {
    uint64_t pair;
    Merge merge;
  };
  size_t slot_of(uint64_t pair) const;
  std::vector<Slot> slots_;
  int shift_;
};

class BytePairModel {
 public:
  // The "model" of a tokenizer.json. `words_are_bytes`: the words that come are bytes which the vocabulary writes in
  // the byte-level alphabet; else they are the text that it writes. Throws Error naming `source`.
  BytePairModel(const Json& description, bool words_are_bytes, const std::string& source);

  // Appends the ids of one word, in O(n log n). Thread-safe.
  void encode(std::string_view word, std::vector<int32_t>& ids) const;

  const Vocabulary& vocabulary() const { return vocabulary_; }

 private:
  void read_vocabulary(const Json& description, const std::string& source);
  void read_merges(const Json& description, const std::string& source);
  int32_t id_of_word(std::string_view word) const;
  void append_symbols(std::string_view word, std::vector<int32_t>& symbols) const;
  void append_unknown(std::string_view character, std::vector<int32_t>& symbols, bool& unknown_pending) const;
  bool is_what_merging_gives(std::string_view word, int32_t id) const;

  const bool words_are_bytes_;
  bool ignore_merges_ = false, byte_fallback_ = false, fuse_unknown_ = false;
  int32_t unknown_ = Vocabulary::kNone;
  Vocabulary vocabulary_;  // as written
  Vocabulary words_;       // words_are_bytes: the same as bytes
  MergeTable merges_;
  std::array<int32_t, 256> symbol_of_byte_{};    // words_are_bytes
  std::array<int32_t, 256> fallback_of_byte_{};  // "<0x00>" … "<0xFF>"

  // A word that is itself a token nearly always encodes as that one. Whether it does is found out when it first occurs
  // and kept here by id, which makes the vocabulary a cache that needs no lock and no bound.
  enum class Direct : uint8_t { unknown, yes, no };
  std::unique_ptr<std::atomic<Direct>[]> direct_;
};

}  // namespace vlrm
