#include "base/html.h"

#include "base/error.h"

namespace vlrm {

std::string escaped_html(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&#34;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string json_for_script(const OrderedJson& value) {
  std::string json;
  for (const char c : value.dump(-1, ' ', false, OrderedJson::error_handler_t::replace))
    c == '<' ? json += "\\u003c" : json += c;  // in JSON, only strings hold one
  return json;
}

std::string filled_page(std::string_view page, const std::map<std::string_view, std::string_view>& values) {
  std::string out;
  size_t size = page.size();
  for (const auto& [name, value] : values) size += value.size();
  out.reserve(size);
  for (;;) {
    const size_t start = page.find("{{");
    out += page.substr(0, start);
    if (start == page.npos) return out;
    const size_t end = page.find("}}", start);
    VLRM_ASSERT(end != page.npos);
    const auto found = values.find(page.substr(start + 2, end - start - 2));
    VLRM_ASSERT(found != values.end());
    out += found->second;
    page.remove_prefix(end + 2);
  }
}

}  // namespace vlrm
