#pragma once

#include <string>
#include <string_view>

namespace vlrm {

// `text` with `by` in place of each `what`, which is not empty, from left to right.
inline std::string replaced(std::string_view text, std::string_view what, std::string_view by) {
  std::string result;
  size_t done = 0;
  for (size_t at = text.find(what); at != text.npos; at = text.find(what, done)) {
    result.append(text, done, at - done) += by;
    done = at + what.size();
  }
  return result.append(text, done);
}

}  // namespace vlrm
