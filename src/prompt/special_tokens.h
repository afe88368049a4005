// Special tokens that stand in the texts of users: a response that closes its turn and opens another moves its own
// reward. They are read as tokens, as text, or refused.
//
// What is a token is only known once the chat template has put the texts together, so each text is rendered a second
// time with marks around it: a special token with a character between the marks is one of the texts.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "prompt/sample.h"
#include "prompt/text_notes.h"
#include "text/added_tokens.h"
#include "text/tokenizer.h"

namespace vlrm {

enum class SpecialTokens { parse, escape, refuse };

// Marks texts, and finds them again in what a template makes of them.
class TextMarks {
 public:
  // `literals`: what the chat template can look for; it finds it in marked texts too, unless it is part of a special
  // token.
  TextMarks(const std::vector<std::string>& literals, const Tokenizer& tokenizer);

  // The sample with marks around its texts: of messages, and of responses. Nothing where its texts use up the
  // characters for marks.
  struct Marked {
    Sample sample;  // without images
    std::string mark;
  };
  std::optional<Marked> mark(const Sample& sample) const;

  enum Origin { message, response };
  // Where the texts are in `rendered`, given the same with marks. Nothing where the two differ in more than marks.
  static std::optional<std::vector<TextOrigin>> find(const std::string& rendered, const std::string& with_marks,
                                                     const std::string& mark);

 private:
  void mark_text(std::string& text, const std::string& mark, Origin origin) const;

  StringMatcher literals_;
};

// What texts may do with special tokens.
struct SpecialTokenPolicy {
  SpecialTokens how = SpecialTokens::parse;
  int32_t image_token = -1;     // read as text in texts, since the chat template places the images; -1: none
  size_t own_placeholders = 0;  // but so many of them are the sample's own
};

struct ReadText {
  std::vector<int32_t> ids;
  TextNotes of_messages, of_response;
};

// The tokens of `rendered`, with texts at `origins`. Throws Error naming `source` and the token that is refused, or
// that cannot be read as text.
ReadText read_text(const std::string& rendered, std::span<const TextOrigin> origins, const Tokenizer& tokenizer,
                   const SpecialTokenPolicy& policy, const std::string& source);

// The same where it is not known which parts are texts: the special tokens in `sample` and `response` (null: none) are
// counted as they stand there. Throws Error too where one would have to be read as text.
ReadText read_text_of_unknown_origin(const std::string& rendered, const Sample& sample, const std::string* response,
                                     const Tokenizer& tokenizer, const SpecialTokenPolicy& policy,
                                     const std::string& source);

}  // namespace vlrm
