#include "report/page.h"

#include <map>

#include "base/error.h"
#include "report/thumbnails.h"
#include "results/grid.h"
#include "reward/stamps.h"

namespace vlrm {
namespace {

// Replaces each {{name}} of the template; what is put in is not looked at again.
std::string filled(std::string_view text, const std::map<std::string_view, std::string_view>& values) {
  std::string out;
  size_t size = text.size();
  for (const auto& [name, value] : values) size += value.size();
  out.reserve(size);
  for (;;) {
    const size_t start = text.find("{{");
    out += text.substr(0, start);
    if (start == text.npos) return out;
    const size_t end = text.find("}}", start);
    VLRM_ASSERT(end != text.npos);
    const auto found = values.find(text.substr(start + 2, end - start - 2));
    VLRM_ASSERT(found != values.end());
    out += found->second;
    text.remove_prefix(end + 2);
  }
}

std::string images_json(const std::vector<std::string>& files) {
  std::string json = "[";
  for (const std::string& file : files) json += (json.size() > 1 ? ",\"" : "\"") + base64(file) + "\"";
  return json + "]";
}

}  // namespace

std::string json_for_script(const OrderedJson& value) {
  std::string json;
  for (const char c : value.dump(-1, ' ', false, OrderedJson::error_handler_t::replace))
    c == '<' ? json += "\\u003c" : json += c;  // in JSON, only strings hold one
  return json;
}

std::string make_page(const PageContent& content) {
  const std::string data = json_for_script(content.data), images = images_json(content.images);
  // Nobody who writes a text of the page knows the digest of the whole, and so what the policy lets run.
  return filled(page_files::kPage, {{"nonce", content_digest(data)},
                                    {"title", escaped(content.title, Layout::html)},
                                    {"style", page_files::kStyle},
                                    {"script", page_files::kScript},
                                    {"tables", content.tables},
                                    {"data", data},
                                    {"images", images}});
}

}  // namespace vlrm
