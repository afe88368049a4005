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

// The code point at the start of non-empty bytes, or nothing where they do not start with a well-formed sequence.
std::optional<CodePoint> first_if_valid(std::string_view bytes);

// The number of code points of well-formed text.
size_t count(std::string_view text);
// The byte at which the code point with that index starts in well-formed text; the end if there are fewer.
size_t offset_of(std::string_view text, size_t index);

// Appends a code point that is no surrogate and at most U+10FFFF.
void append(std::string& text, char32_t code_point);

// Bytes as text: each maximal part that is not well-formed becomes one U+FFFD (Unicode 15, section 3.9).
std::string with_replacements(std::string_view bytes);

// The property White_Space.
bool is_white_space(char32_t code_point);

}  // namespace vlrm::utf8
