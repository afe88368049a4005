#include "text/bpe.h"

#include <algorithm>
#include <bit>
#include <queue>

#include "base/error.h"
#include "base/utf8.h"
#include "text/byte_level.h"

namespace vlrm {
namespace {

constexpr uint64_t kNoPair = UINT64_MAX;
constexpr size_t kShort = 48;  // symbols up to which a plain search for the next merge beats a heap

uint64_t pair_of(int32_t left, int32_t right) {
  return static_cast<uint64_t>(static_cast<uint32_t>(left)) << 32 | static_cast<uint32_t>(right);
}

// Merges the pair of lowest rank, the leftmost of equals, until no pair merges. Quadratic.
void merge_short(const MergeTable& merges, std::vector<int32_t>& symbols) {
  std::array<MergeTable::Merge, kShort> next;  // of symbols i and i + 1
  size_t count = symbols.size();
  for (size_t i = 0; i + 1 < count; ++i) next[i] = merges.find(symbols[i], symbols[i + 1]);
  while (count > 1) {
    size_t best = 0;
    for (size_t i = 1; i + 1 < count; ++i)
      if (next[i].rank < next[best].rank) best = i;
    if (next[best].rank == MergeTable::kNever) break;
    symbols[best] = next[best].id;
    for (size_t i = best + 1; i + 1 < count; ++i) {
      symbols[i] = symbols[i + 1];
      next[i] = next[i + 1 < count - 1 ? i + 1 : i];
    }
    --count;
    if (best > 0) next[best - 1] = merges.find(symbols[best - 1], symbols[best]);
    if (best + 1 < count) next[best] = merges.find(symbols[best], symbols[best + 1]);
  }
  symbols.resize(count);
}

// The same by a heap of candidates over a linked list of symbols. An entry is stale once one of its symbols has
// changed.
class LongMerge {
 public:
  LongMerge(const MergeTable& merges, std::vector<int32_t>& symbols)
      : merges_(merges), symbols_(symbols), next_(symbols.size()), previous_(symbols.size()) {
    for (uint32_t i = 0; i < symbols.size(); ++i) {
      next_[i] = i + 1;
      previous_[i] = i - 1;  // kNowhere before the first
    }
  }

  void run() {
    for (uint32_t i = 0; i + 1 < symbols_.size(); ++i) offer(i);
    while (!candidates_.empty()) {
      const Candidate best = candidates_.top();
      candidates_.pop();
      if (symbols_[best.position] == best.left && next_[best.position] < symbols_.size() &&
          symbols_[next_[best.position]] == best.right)
        merge(best);
    }
    std::erase(symbols_, Vocabulary::kNone);
  }

 private:
  static constexpr uint32_t kNowhere = UINT32_MAX;
  struct Candidate {
    uint32_t rank;
    uint32_t position;  // of the left symbol
    int32_t left, right, merged;
    bool operator<(const Candidate& other) const {  // the queue's top is the greatest
      return rank != other.rank ? rank > other.rank : position > other.position;
    }
  };

  void offer(uint32_t position) {
    const int32_t left = symbols_[position], right = symbols_[next_[position]];
    const auto merge = merges_.find(left, right);
    if (merge.rank != MergeTable::kNever) candidates_.push({merge.rank, position, left, right, merge.id});
  }

  void merge(const Candidate& candidate) {
    const uint32_t left = candidate.position, right = next_[left];
    symbols_[left] = candidate.merged;
    symbols_[right] = Vocabulary::kNone;
    next_[left] = next_[right];
    if (next_[left] < symbols_.size()) {
      previous_[next_[left]] = left;
      offer(left);
    }
    if (previous_[left] != kNowhere) offer(previous_[left]);
  }

  const MergeTable& merges_;
  std::vector<int32_t>& symbols_;
  std::vector<uint32_t> next_, previous_;
  std::priority_queue<Candidate> candidates_;
};

void merge_all(const MergeTable& merges, std::vector<int32_t>& symbols) {
  if (symbols.size() <= kShort) {
    merge_short(merges, symbols);
  } else {
    LongMerge(merges, symbols).run();
  }
}

struct NamedPair {
  std::string left, right;
};

// One of the "merges": "a b" or ["a", "b"].
NamedPair read_merge(const Json& merge, size_t index, const std::string& source) {
  if (merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string())
    return {merge[0].get<std::string>(), merge[1].get<std::string>()};
  if (merge.is_string()) {
    const auto& text = merge.get_ref<const std::string&>();
    const size_t space = text.find(' ');
    if (space != std::string::npos && text.find(' ', space + 1) == std::string::npos)
      return {text.substr(0, space), text.substr(space + 1)};
  }
  fail("{}: merge {} is not a pair of tokens", source, index);
}

}  // namespace

MergeTable::MergeTable(size_t count) {
  const size_t slots = std::bit_ceil(count * 2 + 2);
  slots_.assign(slots, {kNoPair, {kNever, Vocabulary::kNone}});
  shift_ = 64 - std::countr_zero(slots);
}

size_t MergeTable::slot_of(uint64_t pair) const {
  uint64_t hash = pair ^ pair >> 29;
  hash *= 0x9E3779B97F4A7C15u;
  for (size_t slot = hash >> shift_;; slot = (slot + 1) & (slots_.size() - 1))
    if (slots_[slot].pair == pair || slots_[slot].pair == kNoPair) return slot;
}

void MergeTable::set(int32_t left, int32_t right, Merge merge) {
  const uint64_t pair = pair_of(left, right);
  slots_[slot_of(pair)] = {pair, merge};
}

MergeTable::Merge MergeTable::find(int32_t left, int32_t right) const {
  return slots_[slot_of(pair_of(left, right))].merge;
}

BytePairModel::BytePairModel(const Json& description, bool words_are_bytes, const std::string& source)
    : words_are_bytes_(words_are_bytes),
      merges_(description.contains("merges") && description["merges"].is_array() ? description["merges"].size() : 0) {
  const auto type = optional_field<std::string>(description, "type", "BPE", source);
  if (type != "BPE") fail("{}: the model \"{}\" is not supported, only BPE is", source, printable(type));
  if (optional_field<double>(description, "dropout", 0.0, source) != 0.0)
    fail("{}: dropout is not supported: it makes ids random", source);
  for (const char* affix : {"continuing_subword_prefix", "end_of_word_suffix"})
    if (!optional_field<std::string>(description, affix, "", source).empty())
      fail("{}: a model with a {} is not supported", source, affix);
  ignore_merges_ = optional_field<bool>(description, "ignore_merges", false, source);
  byte_fallback_ = optional_field<bool>(description, "byte_fallback", false, source);
  fuse_unknown_ = optional_field<bool>(description, "fuse_unk", false, source);
  read_vocabulary(description, source);
  read_merges(description, source);
  const auto unknown = optional_field<std::string>(description, "unk_token", "", source);
  if (!unknown.empty() && (unknown_ = vocabulary_.find(unknown)) == Vocabulary::kNone)
    fail("{}: the unk_token \"{}\" is not in the vocabulary", source, printable(unknown));
}

void BytePairModel::read_vocabulary(const Json& description, const std::string& source) {
  const Json& tokens = description.contains("vocab") ? description["vocab"] : Json();
  if (!tokens.is_object()) fail("{}: the model has no \"vocab\" of tokens and ids", source);
  for (const auto& [token, id] : tokens.items()) {
    if (!detail::holds<int64_t>(id) || id.get<int64_t>() < 0 || id.get<int64_t>() > Vocabulary::kLargestId)
      fail("{}: the token \"{}\" has an id that is not one of 0 to {}", source, printable(token),
           Vocabulary::kLargestId);
    const auto number = id.get<int32_t>();
    if (const auto other = vocabulary_.token_of(number))
      fail("{}: the tokens \"{}\" and \"{}\" share the id {}", source, printable(*other), printable(token), number);
    vocabulary_.add(token, number);
    if (!words_are_bytes_) continue;
    if (const auto bytes = byte_level::to_bytes(token)) words_.add(*bytes, number);
  }
  for (size_t byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(static_cast<uint8_t>(byte));
    symbol_of_byte_[byte] = words_.find({&c, 1});
    fallback_of_byte_[byte] = vocabulary_.find(fmt::format("<0x{:02X}>", byte));
  }
  const auto ids = static_cast<size_t>(vocabulary_.id_limit());
  direct_ = std::make_unique<std::atomic<Direct>[]>(ids);
}

void BytePairModel::read_merges(const Json& description, const std::string& source) {
  if (!description.contains("merges") || !description["merges"].is_array())
    fail("{}: the model has no \"merges\"", source);
  uint32_t rank = 0;
  for (const Json& merge : description["merges"]) {
    if (merge.is_string() && merge.get_ref<const std::string&>().starts_with("#version")) continue;
    const auto [left, right] = read_merge(merge, rank, source);
    const int32_t left_id = vocabulary_.find(left), right_id = vocabulary_.find(right);
    const int32_t merged_id = vocabulary_.find(left + right);
    if (left_id == Vocabulary::kNone || right_id == Vocabulary::kNone || merged_id == Vocabulary::kNone)
      fail("{}: merge {} (\"{}\" and \"{}\") uses or makes a token that is not in the vocabulary", source, rank,
           printable(left), printable(right));
    merges_.set(left_id, right_id, {rank++, merged_id});
  }
}

int32_t BytePairModel::id_of_word(std::string_view word) const {
  return words_are_bytes_ ? words_.find(word) : vocabulary_.find(word);
}

// A character (as written in the vocabulary) without a token of its own becomes the tokens of its bytes, or the unknown
// token, or nothing.
void BytePairModel::append_unknown(std::string_view character, std::vector<int32_t>& symbols,
                                   bool& unknown_pending) const {
  const auto fallback = [&](char byte) { return fallback_of_byte_[static_cast<uint8_t>(byte)]; };
  if (byte_fallback_ &&
      std::all_of(character.begin(), character.end(), [&](char byte) { return fallback(byte) >= 0; })) {
    for (const char byte : character) symbols.push_back(fallback(byte));
  } else if (unknown_ != Vocabulary::kNone) {
    if (unknown_pending && !fuse_unknown_) symbols.push_back(unknown_);
    unknown_pending = true;
  }
}

// An unknown token is held back until the next known character, as `tokenizers` does: bytes of a fallback overtake it.
void BytePairModel::append_symbols(std::string_view word, std::vector<int32_t>& symbols) const {
  bool unknown_pending = false;
  while (!word.empty()) {
    const size_t length = words_are_bytes_ ? 1 : utf8::first(word).length;
    const std::string_view character = word.substr(0, length);
    word.remove_prefix(length);
    const int32_t id =
        words_are_bytes_ ? symbol_of_byte_[static_cast<uint8_t>(character[0])] : vocabulary_.find(character);
    if (id == Vocabulary::kNone) {
      append_unknown(words_are_bytes_ ? byte_level::to_characters(character) : std::string(character), symbols,
                     unknown_pending);
      continue;
    }
    if (unknown_pending) symbols.push_back(unknown_);
    unknown_pending = false;
    symbols.push_back(id);
  }
  if (unknown_pending) symbols.push_back(unknown_);
}

bool BytePairModel::is_what_merging_gives(std::string_view word, int32_t id) const {
  std::atomic<Direct>& direct = direct_[static_cast<size_t>(id)];
  Direct known = direct.load(std::memory_order_relaxed);
  if (known == Direct::unknown) {
    std::vector<int32_t> symbols;
    append_symbols(word, symbols);
    merge_all(merges_, symbols);
    known = symbols == std::vector<int32_t>{id} ? Direct::yes : Direct::no;
    direct.store(known, std::memory_order_relaxed);
  }
  return known == Direct::yes;
}

void BytePairModel::encode(std::string_view word, std::vector<int32_t>& ids) const {
  const int32_t id = id_of_word(word);
  if (id != Vocabulary::kNone && (ignore_merges_ || is_what_merging_gives(word, id))) {
    ids.push_back(id);
    return;
  }
  thread_local std::vector<int32_t> symbols;
  symbols.clear();
  append_symbols(word, symbols);
  merge_all(merges_, symbols);
  ids.insert(ids.end(), symbols.begin(), symbols.end());
}

}  // namespace vlrm
