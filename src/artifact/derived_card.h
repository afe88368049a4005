// README.md of a model that is built, mapped or extracted; that of a merge is model_card.h.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace vlrm {

struct DerivedCard {
  std::string title;
  std::string what;                                         // one paragraph: what was done with which input
  std::vector<std::pair<std::string, std::string>> inputs;  // the option's name and what the user called the model
  std::vector<std::string> command;                         // what makes it again: words after "vlrm"
  std::string recipe;                                       // the YAML that the command names; "": none
  bool scores = false;                                      // whether it is a reward model that sees
};

// Markdown with the metadata that the hub reads: what the model is, how to score with it, how it was made, and that
// nobody has evaluated it.
std::string derived_card(const DerivedCard& card);

}  // namespace vlrm
