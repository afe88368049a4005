// UTF-8, as strictly as Unicode defines it: no surrogates, nothing overlong, nothing beyond U+10FFFF.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace vlrm::utf8 {

// Where the first sequence that is not well-formed starts, or nothing.
std::optional<size_t> first_invalid(std::string_view text);

struct CodePoint {
  char32_t value;
  size_t length;  // bytes
};

// The code point at the start or end of well-formed, non-empty text.
CodePoint first(std::string_view text);
CodePoint last(std::string_view text);

// Appends a code point that is no surrogate and at most U+10FFFF.
void append(std::string& text, char32_t code_point);

// Bytes as text: each maximal part that is not well-formed becomes one U+FFFD (Unicode 15, section 3.9).
std::string with_replacements(std::string_view bytes);

// The property White_Space.
bool is_white_space(char32_t code_point);

}  // namespace vlrm::utf8
