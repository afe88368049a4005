#include "text/vocabulary.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/error.h"

namespace vlrm {

size_t Vocabulary::slot_of(std::string_view token) const {
  const size_t mask = slots_.size() - 1;
  for (size_t slot = XXH3_64bits(token.data(), token.size()) & mask;; slot = (slot + 1) & mask) {
    const int32_t entry = slots_[slot];
    if (entry == kNone || text_of(entries_[static_cast<size_t>(entry)]) == token) return slot;
  }
}

void Vocabulary::grow() {
  slots_.assign(slots_.empty() ? 64 : slots_.size() * 2, kNone);
  for (size_t i = 0; i < entries_.size(); ++i) slots_[slot_of(text_of(entries_[i]))] = static_cast<int32_t>(i);
}

void Vocabulary::add(std::string_view token, int32_t id) {
  VLRM_ASSERT(id >= 0 && id <= kLargestId && !token_of(id));
  if (entries_.size() * 2 >= slots_.size()) grow();
  const size_t slot = slot_of(token);
  VLRM_ASSERT(slots_[slot] == kNone);
  const auto entry = static_cast<int32_t>(entries_.size());
  slots_[slot] = entry;
  entries_.push_back({text_.size(), static_cast<uint32_t>(token.size()), id});
  text_ += token;
  if (static_cast<size_t>(id) >= entry_of_id_.size()) entry_of_id_.resize(static_cast<size_t>(id) + 1, kNone);
  entry_of_id_[static_cast<size_t>(id)] = entry;
  ++count_;
}

int32_t Vocabulary::find(std::string_view token) const {
  if (slots_.empty()) return kNone;
  const int32_t entry = slots_[slot_of(token)];
  return entry == kNone ? kNone : entries_[static_cast<size_t>(entry)].id;
}

std::optional<std::string_view> Vocabulary::token_of(int64_t id) const {
  if (id < 0 || id >= id_limit() || entry_of_id_[static_cast<size_t>(id)] == kNone) return std::nullopt;
  return text_of(entries_[static_cast<size_t>(entry_of_id_[static_cast<size_t>(id)])]);
}

}  // namespace vlrm
