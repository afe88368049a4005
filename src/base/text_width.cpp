#include "base/text_width.h"

#include <algorithm>

namespace vlrm {
namespace {

bool begins_character(char c) {
  return (static_cast<unsigned char>(c) >> 6) != 2;
}

}  // namespace

size_t width_of(std::string_view text) {
  return static_cast<size_t>(std::ranges::count_if(text, begins_character));
}

std::string_view first_columns(std::string_view text, size_t width) {
  size_t i = 0;
  for (; i < text.size(); ++i)
    if (begins_character(text[i]) && width-- == 0) break;
  return text.substr(0, i);
}

std::vector<std::string> wrapped(std::string_view text, size_t width) {
  std::vector<std::string> lines;
  while (width_of(text) > width) {
    size_t end = first_columns(text, std::max<size_t>(width, 1)).size();
    const size_t blank = text.rfind(' ', end);
    if (blank != text.npos && blank > 0) end = blank;
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(end);
    if (text.starts_with(' ')) text.remove_prefix(1);
  }
  lines.emplace_back(text);
  return lines;
}

}  // namespace vlrm
