// What chat templates of vision-language models write for an image, in texts that a client has rendered.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"

namespace vlrm {

// Messages whose marks have become parts {"type": "image"}, in turns but the assistant's; texts without a mark stay as
// they are. Marks are <|image|>, <start_of_image>, and <|vision_start|>, <img> or <start_of_image> with the inner
// tokens and the end that belong to them. "<image>" counts only where there are `images` for it: it may be a user's
// word. Messages without a mark are returned as they came, whatever `images` is. Throws HttpError 400 naming `field`
// and both counts where they differ; with `blind`, marks are then taken out.
OrderedJson with_image_places(OrderedJson messages, size_t images, bool blind, const std::string& field);

// Where `prompt` ends in `text`, which begins with it. Each image may be a mark in one and hundreds of tokens in the
// other, and `text` may have a text's first token before. Nothing where it does not begin so.
std::optional<size_t> end_of_prompt(std::string_view text, std::string_view prompt);

}  // namespace vlrm
