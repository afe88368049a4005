#include "prompt/response_prefix.h"

#include <algorithm>
#include <string_view>

#include "base/error.h"
#include "base/find_text.h"
#include "python/text.h"

namespace vlrm {

void check_response_prefix(const std::string& rendered, const std::string& prompt, const std::string& prefix,
                           const std::string& response, const std::string& source) {
  const auto turn = static_cast<size_t>(std::ranges::mismatch(rendered, prompt).in1 - rendered.begin());
  const size_t begin = response.size() - python::trimmed(response, true, false).size();
  const std::string written = begin < response.size() ? prefix + response.substr(0, begin + 1)
                                                      : std::string(python::trimmed(prefix, false, true));
  if (find_text(rendered, written, turn) == std::string_view::npos)
    fail(
        "{}: the chat template does not write `response_prefix` as it is: it trims white space, or takes thinking out "
        "of messages; write the prefix as the template does, or give another `chat_template`",
        source);
}

}  // namespace vlrm
