// Metaspace, as SentencePiece marks words: spaces are written as a character of their own, "▁", of which one may be put
// before the text.
#pragma once

#include <string>

#include "base/json.h"

namespace vlrm {

struct Metaspace {
  enum class Prepend { always, first, never };

  // The pre-tokenizer or decoder of a tokenizer.json. Throws Error naming `source`, also where its old name
  // "add_prefix_space" contradicts "prepend_scheme", as the `tokenizers` library does.
  Metaspace(const Json& description, const std::string& source);

  std::string mark;  // one character
  Prepend prepend;
  bool splits;  // before each mark
};

}  // namespace vlrm
