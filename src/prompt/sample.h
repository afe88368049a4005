// What is scored: a conversation about images, and the responses to it.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "vision/image.h"

namespace vlrm {

struct Sample {
  OrderedJson id;                               // any JSON value; comes back with the scores
  std::vector<EncodedImage> images;             // in the order in which the conversation shows them
  OrderedJson messages = OrderedJson::array();  // up to the response: [{"role", "content"}, …]
  std::vector<std::string> responses;           // each scored as the assistant's next message
  // The images are meant to stand within the text, as the reference's prompts have them. Models whose images are one
  // token get each message as one part, with this token for each image; others the parts as they are.
  bool text_shows_images = false;
  OrderedJson other = OrderedJson::object();  // a line's fields of the user's own; they come back with the scores
};

// Whether a line has responses to be scored, or a prompt alone, to be answered: there, fields of responses are the
// user's own.
enum class LineHolds { responses, prompt };

// One line of a samples file:
//   {"id", "images": [paths], "prompt": "…", "responses": ["…", …]}
//   {"id", "images": [paths], "messages": [{"role", "content"}, …], "responses": ["…", …]}
// "image": a path stands for one image; "chosen" and "rejected" for two responses, in this order. The id of a line
// without one is `number`. Without responses, the messages end with the assistant's, which is the one response.
// "content" is a string or a list of {"type": "text", "text"} and {"type": "image"}; an image part may name its own
// file ("image": path). Where no part is an image, the images stand before the text of the first user message. Relative
// paths start at `directory`. Throws Error naming `source` and the field that is missing, malformed, or nearly one of
// these; others are the user's own.
Sample parse_sample(std::string_view line, int64_t number, const std::string& source,
                    const std::filesystem::path& directory, LineHolds holds = LineHolds::responses);

// The same from its parts, but for the id: `messages` as in such a line, images as files or as bytes. Without
// `responses`, the messages end with the assistant's.
Sample sample_of(const OrderedJson& messages, std::vector<EncodedImage> images,
                 std::optional<std::vector<std::string>> responses, const std::string& source,
                 const std::filesystem::path& directory = {});

// One user message with its images before the text, as the reference formats a query.
OrderedJson user_message(const std::string& prompt, size_t images);

// Takes the parts that are images from messages whose content is a list of parts.
void leave_out_images(OrderedJson& messages);

// Puts `text` before the text of the first user message.
void put_before_question(OrderedJson& messages, const std::string& text);

// Each message's content, a list of parts, as one text with `image` in the place of each image.
void join_parts(OrderedJson& messages, const std::string& image);

// The conversation of `sample` with `response` as the assistant's last message, in the form that templates of
// vision-language models take (content as a list of parts), or that of text models (content as a string, images
// dropped).
enum class ContentForm { parts, parts_without_images, text };
OrderedJson conversation(const Sample& sample, const std::string* response, ContentForm form);

}  // namespace vlrm
