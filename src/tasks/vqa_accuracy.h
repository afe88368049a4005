// The accuracy of an answer to a visual question, by VQA's rules as lmms-eval's TextVQA applies them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace vlrm {

// An answer as answers are compared: lower case, punctuation taken out, number words as digits, articles dropped,
// apostrophes put into contractions.
std::string normalized_vqa_answer(std::string_view answer);

// The mean over the people of min(1, n/3), where n others gave the response (both normalised): the whole number 1
// where each fraction is, otherwise a float, as Python's statistics.mean has it. `answers` is not empty.
OrderedJson vqa_accuracy(const std::string& response, const std::vector<std::string>& answers);

}  // namespace vlrm
