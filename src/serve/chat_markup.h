// Conversations taken out of a policy's rendered text, as trainers send it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "text/regular_expression.h"

namespace vlrm {

// What a policy's chat template writes around turns.
class ChatMarkup {
 public:
  // "chatml", "llama3" or "gemma"; "": whichever of them a text has; anything else is a regular expression that matches
  // what is before a response. Throws OptionError for one that is malformed.
  explicit ChatMarkup(const std::string& name);

  struct Turn {
    std::string role, text;  // user, assistant, system
  };
  // The turns of `rendered`, images' placeholders taken out of their texts; the last one may lack its end. Throws
  // HttpError 400 naming `field` where no template fits, or two do, and with a regular expression, which knows no
  // roles.
  std::vector<Turn> turns(const std::string& rendered, const std::string& field) const;

  // What is behind the last beginning of an assistant's turn, without the end of the turn. Throws HttpError 400 naming
  // `field` where no template fits, or two do.
  std::string last_response(const std::string& rendered, const std::string& field) const;

  struct Style;

 private:
  const Style& style_of(const std::string& rendered, const std::string& field) const;
  const Style* style_ = nullptr;                 // null: whichever a text has, or
  std::optional<RegularExpression> expression_;  // this
};

}  // namespace vlrm
