// Columns that hold a text or a conversation, as TRL's datasets have them.
#pragma once

#include <string>

#include "tasks/benchmark_spec.h"

namespace vlrm {

// A question: a text alone, or a conversation of several messages with the texts of all of them.
struct AskedQuestion {
  std::string text;
  OrderedJson messages = {};  // [{"role", "content"}, …]; null where the text is all
};

// The column's text or list of messages, of which the last is the user's. Throws Error naming row and column.
AskedQuestion question_at(const Row& row, const std::string& column);

struct PreferencePair {
  AskedQuestion question;
  std::string chosen, rejected;
};

// Two responses, each a text or a conversation that ends with the assistant's message. What stands before that must be
// the prompt; without a column `prompt` it is the prompt. Throws Error naming row and column.
PreferencePair preference_pair_at(const Row& row, const std::string& prompt, const std::string& chosen,
                                  const std::string& rejected);

void set_question(BenchmarkRow& row, AskedQuestion question);

}  // namespace vlrm
