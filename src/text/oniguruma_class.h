// Classes of characters in Oniguruma's syntax, in PCRE2's.
#pragma once

#include <string>
#include <string_view>

#include "text/pattern_reader.h"

namespace vlrm {

constexpr std::string_view kAnyCharacter = "[\\x{0}-\\x{10ffff}]";

// Reads a class after its "[", and its "]". What PCRE2 has no class for becomes a pattern that matches one character.
// Throws Error for what is malformed, and where `ignore_case` makes a difference that PCRE2 cannot write.
std::string translated_class(PatternReader& in, bool ignore_case);

}  // namespace vlrm
