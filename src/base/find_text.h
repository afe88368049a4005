// Searches in texts of strangers.
#pragma once

#include <cstring>
#include <string_view>

namespace vlrm {

// The first place of `part` in `text` from `start` on, or npos. In linear time, where std::string's search takes the
// product of both lengths if they agree for long.
inline size_t find_text(std::string_view text, std::string_view part, size_t start = 0) {
  if (start > text.size()) return text.npos;
  const void* found = ::memmem(text.data() + start, text.size() - start, part.data(), part.size());
  return found == nullptr ? text.npos : static_cast<size_t>(static_cast<const char*>(found) - text.data());
}

}  // namespace vlrm
