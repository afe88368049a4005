// The page for a person at "/": drop an image, write a prompt and responses, see the scores.
#pragma once

#include <httplib.h>

namespace vlrm {

// It asks no other host, and says so to the browser (Content-Security-Policy).
void answer_with_page(httplib::Response& response);

}  // namespace vlrm
