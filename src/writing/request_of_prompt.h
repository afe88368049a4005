// From a filled prompt to a request.
#pragma once

#include <string>
#include <vector>

#include "generate/generator.h"

namespace vlrm {

// One text, drawn with seed 0. `content` has a part for each image; `system` may be empty.
inline GenerationRequest request_of_prompt(const std::string& system, OrderedJson content,
                                           std::vector<EncodedImage> images, std::string source) {
  GenerationRequest request;
  if (!system.empty()) request.sample.messages.push_back({{"role", "system"}, {"content", system}});
  request.sample.messages.push_back({{"role", "user"}, {"content", std::move(content)}});
  request.sample.images = std::move(images);
  request.sample.text_shows_images = true;
  request.source = std::move(source);
  request.seeds = {0};
  return request;
}

}  // namespace vlrm
