// Special tokens that stand in the texts of users: a response that closes its turn and opens another moves its own
// reward. They are read as tokens, as text, or refused.
#pragma once

#include <functional>
#include <string>

#include "prompt/sample.h"
#include "prompt/text_notes.h"
#include "text/tokenizer.h"

namespace vlrm {

enum class SpecialTokens { parse, escape, refuse };

// A sample without its images, its texts ready to be rendered.
struct MarkedSample {
  Sample sample;
  std::string mark;   // stands within each special token that is to be read as text; empty: there is none
  TextNotes notes;    // of all responses; the prompt counts once
  size_t images = 0;  // that the conversation shows
};

// `image_token`: its content is read as text wherever it stands, since the chat template places the images; −1: none.
// Throws Error naming `source` and the token that is refused, or that cannot be read as text.
MarkedSample mark_special_tokens(const Sample& sample, const Tokenizer& tokenizer, SpecialTokens how,
                                 int32_t image_token, const std::string& source);

// `text` without the marks.
std::string without_marks(const std::string& text, const std::string& mark);

}  // namespace vlrm
