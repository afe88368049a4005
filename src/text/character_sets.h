// Oniguruma's named sets of characters, as the inside of a PCRE2 class.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace vlrm {

struct CharacterSet {
  std::string inside;           // of a class
  bool negated = false;         // what is meant is all that `inside` does not hold
  std::string complement = {};  // of `inside`, as the inside of a class; empty where PCRE2 has no such notation
  bool by_case = false;         // has some letters only as capitals, or only as small ones

  // As a class of its own.
  std::string as_class() const { return (negated ? "[^" : "[") + inside + "]"; }
};

// The sets of \w, \s, \d and \h; nothing for other letters. Oniguruma's \w has six more characters outside a class.
std::optional<CharacterSet> shorthand_set(char letter);
std::string word_set_outside_classes();

// The set of [[:name:]]; nothing for other names.
std::optional<CharacterSet> posix_set(std::string_view name);

// The set of \p{name}; a name that is unknown here is one of a script, which PCRE2 may know. `name`: without spaces,
// hyphens and underscores, in lower case.
CharacterSet property_set(std::string_view name);

}  // namespace vlrm
