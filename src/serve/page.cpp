#include "serve/page.h"

namespace vlrm {

namespace page_files {
extern const char* const kServePage;
}

void answer_with_page(httplib::Response& response) {
  response.set_header("Content-Security-Policy",
                      "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; "
                      "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
  response.set_header("X-Content-Type-Options", "nosniff");
  response.set_header("Referrer-Policy", "no-referrer");
  response.set_content(page_files::kServePage, "text/html; charset=utf-8");
}

}  // namespace vlrm
