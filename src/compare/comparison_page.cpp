#include "compare/comparison_page.h"

#include "artifact/fingerprint.h"
#include "base/content_digest.h"
#include "base/html.h"
#include "weights/tensor_place.h"

namespace vlrm {
namespace compare_files {  // page/ and the report's style, made by CMake
extern const char* const kPage;
extern const char* const kStyle;
extern const char* const kScript;
}  // namespace compare_files

std::string comparison_page(const OrderedJson& comparison) {
  OrderedJson data = comparison;
  for (OrderedJson& tensor : data["tensors"]) {
    const TensorPlace place = place_of(tensor.at("name").get<std::string>());
    tensor["prefix"] = place.prefix;
    tensor["layer"] = place.layer;
    tensor["module"] = place.rest;
  }
  const std::string json = json_for_script(data);
  const std::string title =
      escaped_html(comparison.at("a").get<std::string>() + " and " + comparison.at("b").get<std::string>());
  return filled_page(compare_files::kPage, {{"nonce", content_digest(json)},
                                            {"title", title},
                                            {"style", compare_files::kStyle},
                                            {"script", compare_files::kScript},
                                            {"data", json}});
}

}  // namespace vlrm
