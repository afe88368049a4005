#include "base/braces.h"

#include <utility>

#include "base/error.h"

namespace vlrm {

std::vector<BracedPart> braced_parts_or_throw(std::string_view text, const std::string& source) {
  std::vector<BracedPart> parts;
  std::string plain;
  const auto end_plain = [&] {
    if (!plain.empty()) parts.push_back({false, std::exchange(plain, "")});
  };
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c != '{' && c != '}') {
      plain += c;
    } else if (i + 1 < text.size() && text[i + 1] == c) {
      plain += c;
      ++i;
    } else {
      const size_t end = text.find_first_of("{}", i + 1);
      if (c == '}' || end == text.npos || text[end] == '{')
        fail("{}: the brace at byte {} stands alone; a brace that is meant is written twice", source, i);
      end_plain();
      parts.push_back({true, std::string(text.substr(i + 1, end - i - 1))});
      i = end;
    }
  }
  end_plain();
  return parts;
}

}  // namespace vlrm
