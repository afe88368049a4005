#include "jinja/padding.h"

#include "base/utf8.h"
#include "python/text.h"

namespace vlrm::jinja {
namespace {

std::string repeated(char32_t character, int64_t count) {
  std::string one, all;
  utf8::append(one, character);
  for (int64_t i = 0; i < count; ++i) all += one;
  return all;
}

}  // namespace

std::string padded(Workspace& workspace, const std::string& text, const Padding& padding, size_t sign) {
  const auto length = static_cast<int64_t>(utf8::count(text));
  if (padding.width <= length) return text;
  const int64_t missing = padding.width - length;
  workspace.expect(static_cast<size_t>(missing) * 4);
  switch (padding.align) {
    case '<':
      return text + repeated(padding.fill, missing);
    case '^': {  // an odd fill character goes left where the width is odd
      const int64_t left = missing / 2 + (missing & padding.width & 1);
      return repeated(padding.fill, left) + text + repeated(padding.fill, missing - left);
    }
    case '=':
      return text.substr(0, sign) + repeated(padding.fill, missing) + text.substr(sign);
    default:
      return repeated(padding.fill, missing) + text;
  }
}

}  // namespace vlrm::jinja
