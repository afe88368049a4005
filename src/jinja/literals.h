// Numbers and quoted text in templates.
#pragma once

#include <string_view>

#include "jinja/lexer.h"
#include "jinja/problem.h"

namespace vlrm::jinja {

struct Literal {
  Token token;
  size_t length = 0;  // bytes; 0: there is none
};

// The literal that `text` starts with. A fraction may not follow a dot ("a.0.1" are two indices). Raises for what is
// malformed.
Literal literal_at(std::string_view text, bool may_be_real);

}  // namespace vlrm::jinja
