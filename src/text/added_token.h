// One added token: a string that is found in the text before it is split, and becomes one id.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"

namespace vlrm {

struct AddedToken {
  std::string content;
  int64_t id = -1;                               // −1: not known yet
  bool single_word = false;                      // not as part of a word
  bool left_strip = false, right_strip = false;  // takes the white space beside it along
  bool normalized = true;                        // its normalized content is looked for in the normalized text
  bool special = false;                          // may be skipped in decoding
  bool normalized_by_default = false;            // `normalized` is written nowhere, and follows `special`

  void make_special();
};

// An object {"content": "<s>", "lstrip": false, …}; without "normalized", a token is normalized unless it is special.
// Throws Error naming `source`.
AddedToken read_added_token(const Json& token, const std::string& source);

// The "added_tokens" of a tokenizer.json, null for none, each with its id; those without content are left out. Throws
// Error naming `source`.
std::vector<AddedToken> read_added_tokens(const Json& tokens, const std::string& source);

// The id that `tokenizers` gives a new added token: one more than the largest of the others, but not below the size of
// the model's vocabulary.
int64_t next_added_id(int64_t vocabulary_size, int64_t largest_added_id);

}  // namespace vlrm
