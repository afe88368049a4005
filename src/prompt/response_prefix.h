// What is written before a response, whatever the chat template makes of the assistant's message.
#pragma once

#include <string>

namespace vlrm {

// `rendered` is a conversation whose last message, the assistant's, is `prefix` and `response`; `prompt` the same up to
// where that message begins. Throws Error naming `source` where the prefix does not stand in it as it is: a template
// may trim the message, or take thinking out of it. Where the response is nothing but white space, the end of the
// prefix may be trimmed as the end of any message.
void check_response_prefix(const std::string& rendered, const std::string& prompt, const std::string& prefix,
                           const std::string& response, const std::string& source);

}  // namespace vlrm
