#pragma once

#include <string>
#include <string_view>

namespace vlrm {

// Texts one after another, with `between` in the gaps.
template <class Texts>
std::string joined(const Texts& texts, std::string_view between = ", ") {
  std::string all;
  bool first = true;
  for (const auto& text : texts) {
    if (!first) all += between;
    first = false;
    all += text;
  }
  return all;
}

}  // namespace vlrm
