// What the program calls the options of use cases, whose errors and warnings name them as the fields of include/vlrm.
#pragma once

#include <string>
#include <string_view>

namespace vlrm {

// "score_label" is "--score-label", with a few exceptions.
std::string option_name(std::string_view field);

// The text with the program's names in place of fields in back quotes: "`force` replaces it" is "--force replaces it".
std::string with_option_names(std::string_view text);

}  // namespace vlrm
