// JSON as Python's json module writes and reads it, so that a file that went through either has the same bytes.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"

namespace vlrm {

// What json.dumps gives: ", " and ": ", ASCII only, NaN and Infinity as Python spells them. Bytes that are no UTF-8
// become U+FFFD; a binary value is written as it is (see below).
std::string python_json(const OrderedJson& value);

// What json.loads accepts of one document: JSON, NaN, Infinity and -Infinity. An integer beyond 64 bits becomes a
// binary value that holds its digits. Throws Error as parse_ordered_json_or_throw does.
OrderedJson parse_python_json_or_throw(std::string_view text, const std::string& source);

// repr() of a float: the shortest digits that give the same double back, with an exponent below 1e-4 and from 1e16 on;
// nan, inf and -inf.
std::string python_float(double value);

// Appends a character of a JSON string: `bytes` is its UTF-8, kept unless JSON, or ensure_ascii, wants it escaped.
void append_json_character(std::string& out, char32_t character, std::string_view bytes, bool ensure_ascii);

}  // namespace vlrm
