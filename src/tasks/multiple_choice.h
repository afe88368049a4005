// Which option a text chose, by MMMU's rules as lmms-eval applies them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace vlrm {

// The options as a question lists them: "A. one\nB. two".
std::string lettered(const std::vector<std::string>& options);

// The letter that `response` chose among as many from A on as there are options (1 to 26). In this order: "(B)"; a "B"
// before a space; "B."; in texts of more than five words, an option's own text. Of several that are there, the one
// whose last occurrence is the last ("(B)"; " B "; the text). Where there is none, lmms-eval draws one at random: so
// does this, but from `salt` and the response alone, so that the same text is always judged alike.
char chosen_option(std::string_view response, const std::vector<std::string>& options, std::string_view salt);

}  // namespace vlrm
