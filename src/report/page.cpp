#include "report/page.h"

#include "base/content_digest.h"
#include "base/html.h"
#include "report/thumbnails.h"
#include "results/grid.h"

namespace vlrm {
namespace {

const std::string kAddress = "data:image/jpeg;base64,";

// Addresses that hold the pictures themselves; "" where there was no room for one.
std::string images_json(const std::vector<std::string>& files) {
  std::string json = "[";
  for (const std::string& file : files) {
    json += json.size() > 1 ? ",\"" : "\"";
    if (!file.empty()) json += kAddress + base64(file);
    json += '"';
  }
  return json + "]";
}

}  // namespace

std::string make_page(const PageContent& content) {
  const std::string data = json_for_script(content.data), images = images_json(content.images);
  // Nobody who writes a text of the page knows the digest of the whole, and so what the policy lets run.
  return filled_page(page_files::kPage, {{"nonce", content_digest(data)},
                                         {"title", escaped(content.title, Layout::html)},
                                         {"style", page_files::kStyle},
                                         {"script", page_files::kScript},
                                         {"tables", content.tables},
                                         {"data", data},
                                         {"images", images}});
}

}  // namespace vlrm
