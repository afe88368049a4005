// How right an answer is, by rules for any data.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vlrm {

// Capitals, surrounding white space and a final full stop do not count.
bool equals_an_answer(std::string_view response, const std::vector<std::string>& answers);

// Whether one of the answers stands in the response, not within a longer word of letters and digits; next to Chinese,
// Japanese, Korean, Thai, Lao, Burmese and Khmer letters anywhere. Capitals and the answers' surrounding white space do
// not count; an empty answer stands nowhere.
bool contains_an_answer(std::string_view response, const std::vector<std::string>& answers);

// The last number of a text: digits, with commas between groups of three or none, a point and decimals, an exponent
// ("1e-05"), a minus (also U+2212) that does not stand behind a letter or digit. Other commas part numbers: of "3,4"
// the last is 4.
std::optional<double> last_number(std::string_view bytes);

// Whether the last number is one of the answers', to a millionth of it.
bool is_an_answers_number(std::string_view response, const std::vector<std::string>& answers);

}  // namespace vlrm
