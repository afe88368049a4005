// Conversations in OpenAI's form, as the other dialects take them too.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "serve/reward_call.h"

namespace vlrm {

// `messages`: [{"role", "content"}, …], where content is a string or a list of parts: text, image_url, and also
// input_text, input_image and image. Without `responses`, the last message is the assistant's, and is the one response.
// `beside`: images that the messages do not name themselves; parts without a URL are their places. Throws HttpError 400
// naming `field` for what is malformed and for more images or responses than `context` allows.
RewardQuestion question_of(const OrderedJson& messages, std::optional<std::vector<std::string>> responses,
                           const RouteContext& context, const std::string& field,
                           std::vector<EncodedImage> beside = {});

// What a query or a document of the scoring routes holds: a string, {"content": [parts]}, or {"text": a string}.
struct Content {
  OrderedJson content;  // as of a message
  // Of its parts, joined. Throws HttpError 400 naming `field` for parts that are not texts.
  std::string text(const std::string& field) const;
};
Content content_of(const OrderedJson& value, const std::string& field);

// A list of strings, or one string. Throws HttpError 400 naming `field`.
std::vector<std::string> strings_of(const OrderedJson& value, const std::string& field);

}  // namespace vlrm
