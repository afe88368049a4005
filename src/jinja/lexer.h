// Template text to tokens, with the white space around tags that jinja2 takes away (trim_blocks and lstrip_blocks on).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace vlrm::jinja {

struct Token {
  enum class Kind {
    data,            // text between tags
    variable_begin,  // {{
    variable_end,
    block_begin,  // {%
    block_end,
    name,
    text,
    integer,
    real,
    symbol,  // an operator or a bracket
    end,
  };
  Kind kind = Kind::end;
  int line = 1;
  std::string text;  // of data, names, text (without quotes and escapes) and symbols
  int64_t integer = 0;
  double real = 0;
};

using TokenKind = Token::Kind;

// The last token is `end`. Throws Problem with its line. `text`: well-formed UTF-8.
std::vector<Token> tokenize(const std::string& text);

}  // namespace vlrm::jinja
