// Conversations taken out of a policy's rendered text, as trainers send it.
#pragma once

#include <cstdint>
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
    bool ended = true;       // the last one may lack its end
  };
  // Whether `text` has turns of a known template, or a match of the expression.
  bool fits(const std::string& text) const;

  // The turns of `rendered`. Throws HttpError 400 naming `field` where no template fits, or two do, and with a regular
  // expression, which knows no roles.
  std::vector<Turn> turns(const std::string& rendered, const std::string& field) const;

  // What the prompt of a response has of the assistant's turn already: mostly "". Throws HttpError 400 naming `field`
  // where the prompt does not end within an assistant's turn.
  std::string begun_response(const std::string& prompt, const std::string& field) const;

  // What is behind the last beginning of an assistant's turn, with the end of the turn. Throws HttpError 400 naming
  // `field` where no template fits, or two do.
  std::string last_response(const std::string& rendered, const std::string& field) const;
  // How many assistant's turns begin in it. Throws as above.
  int64_t responses(const std::string& rendered, const std::string& field) const;

  // A response without the tokens that end a turn or a text: trainers decode them with what the policy wrote.
  static std::string without_ends(std::string response);

  struct Style;

 private:
  // Where responses begin: at least one.
  std::vector<size_t> ends_of_beginnings(const std::string& rendered, const std::string& field) const;
  const Style& style_of(const std::string& rendered, const std::string& field) const;
  const Style* style_ = nullptr;                 // null: whichever a text has, or
  std::optional<RegularExpression> expression_;  // this
};

}  // namespace vlrm
