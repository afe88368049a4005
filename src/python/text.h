// Text as Python sees it: sequences of code points, with Python's notions of space, line and case.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vlrm::python {

bool is_space(char32_t c);       // str.isspace
bool is_line_break(char32_t c);  // where str.splitlines splits
bool is_printable(char32_t c);
bool is_alphabetic(char32_t c);
bool is_decimal(char32_t c);
bool is_digit(char32_t c);
bool is_numeric(char32_t c);
bool is_upper(char32_t c);
bool is_lower(char32_t c);
bool is_title(char32_t c);
bool is_cased(char32_t c);
bool is_identifier_start(char32_t c);
bool is_identifier_part(char32_t c);

std::vector<char32_t> code_points(std::string_view text);
// str.strip, lstrip, rstrip.
std::string_view trimmed(std::string_view text, bool left = true, bool right = true);
// str.split(): its words.
std::vector<std::string_view> split_at_space(std::string_view text);

// Full case mappings: "ß" has two letters in upper case.
std::string upper(std::string_view text);
std::string lower(std::string_view text);
std::string title(std::string_view text);  // str.title
std::string capitalized(std::string_view text);
std::string swapped_case(std::string_view text);

}  // namespace vlrm::python
