#include "serve/chat.h"

#include "base/error.h"
#include "base/utf8.h"
#include "serve/http_error.h"
#include "serve/media.h"

namespace vlrm {
namespace {

const std::string& text_of(const OrderedJson& value, const std::string& where) {
  if (!value.is_string()) throw bad_request(where + " must be a string", where);
  return value.get_ref<const std::string&>();
}

const OrderedJson& field_of(const OrderedJson& object, const char* key, const std::string& where) {
  if (!object.is_object()) throw bad_request(where + " must be an object", where);
  const auto found = object.find(key);
  if (found == object.end()) throw bad_request(where + ": \"" + key + "\" is missing", where);
  return *found;
}

// What Qwen's processors read in a part.
void refuse_sizes(const OrderedJson& part, const std::string& where) {
  for (const char* name : {"max_pixels", "min_pixels", "total_pixels", "resized_height", "resized_width"})
    if (part.contains(name) && !part[name].is_null())
      throw bad_request(fmt::format("{}: {}: the size of images is the server's setting; leave it out", where, name),
                        where);
}

bool is_text(const std::string& type) {
  return type == "text" || type == "input_text" || type == "output_text";
}

bool is_image(const std::string& type) {
  return type == "image_url" || type == "input_image" || type == "image";
}

// "image_url": {"url": U}, or U itself, also under the names that the Responses API and trainers use. Null: no URL.
const std::string* url_of(const OrderedJson& part, const std::string& where) {
  for (const char* key : {"image_url", "image", "url"}) {
    const auto found = part.find(key);
    if (found == part.end() || found->is_null()) continue;
    if (found->is_object()) refuse_sizes(*found, where);
    return &text_of(found->is_object() ? field_of(*found, "url", where) : *found, where);
  }
  return nullptr;
}

// The images of messages: those that parts name, or those that are given beside.
struct ShownImages {
  std::vector<EncodedImage> images;
  bool beside = false;
};

// A part in the form that samples have; its image goes to `shown`.
OrderedJson part_of(const OrderedJson& part, const RouteContext& context, const std::string& where,
                    ShownImages& shown) {
  if (part.is_string()) return {{"type", "text"}, {"text", part}};
  const std::string& type = text_of(field_of(part, "type", where), where + ".type");
  if (is_text(type)) return {{"type", "text"}, {"text", text_of(field_of(part, "text", where), where + ".text")}};
  if (!is_image(type))
    throw bad_request(where + ": a part of type \"" + printable(type) + "\"; known are text and image_url", where);
  refuse_sizes(part, where);
  const std::string* const url = url_of(part, where);
  if (url == nullptr && !shown.beside)
    throw bad_request(where + ": a part that shows an image needs \"image_url\"", where);
  if (url != nullptr) {
    if (shown.beside) throw bad_request(where + ": images are named both here and in the label; leave one out", where);
    if (std::ssize(shown.images) >= context.most_images)
      throw bad_request(fmt::format("{}: more than {} images (--limit-images)", where, context.most_images), where);
    shown.images.push_back(image_of_url(*url, context.allowed_media, where));
  }
  return {{"type", "image"}};
}

OrderedJson content_with_images(const OrderedJson& content, const RouteContext& context, const std::string& where,
                                ShownImages& shown) {
  if (content.is_null()) return "";
  if (content.is_string()) return content;
  if (!content.is_array()) throw bad_request(where + " must be a string or a list of parts", where);
  OrderedJson parts = OrderedJson::array();
  for (const auto& part : content)
    parts.push_back(part_of(part, context, fmt::format("{}[{}]", where, parts.size()), shown));
  return parts;
}

}  // namespace

std::vector<std::string> strings_of(const OrderedJson& value, const std::string& field) {
  if (value.is_string()) return {value.get<std::string>()};
  if (!value.is_array()) throw bad_request(field + " must be a list of strings", field);
  std::vector<std::string> result;
  for (const auto& item : value) result.push_back(text_of(item, fmt::format("{}[{}]", field, result.size())));
  return result;
}

RewardQuestion question_of(const OrderedJson& messages, std::optional<std::vector<std::string>> responses,
                           const RouteContext& context, const std::string& field, std::vector<EncodedImage> beside) {
  if (!messages.is_array() || messages.empty())
    throw bad_request(field + " must be a list with at least one message", field);
  if (responses && responses->empty()) throw bad_request("responses: at least one is needed", "responses");
  if (responses && std::ssize(*responses) > context.most_responses)
    throw bad_request(
        fmt::format("responses: {} are more than {} (--limit-responses)", responses->size(), context.most_responses),
        "responses");
  RewardQuestion question;
  question.source = field;
  const bool any_beside = !beside.empty();
  ShownImages shown{std::move(beside), any_beside};
  OrderedJson read = OrderedJson::array();
  for (const auto& message : messages) {
    const std::string where = fmt::format("{}[{}]", field, read.size());
    const std::string& role = text_of(field_of(message, "role", where), where + ".role");
    OrderedJson each = message;
    each["role"] = role;
    each["content"] = content_with_images(field_of(message, "content", where), context, where + ".content", shown);
    read.push_back(std::move(each));
  }
  if (responses && read.back()["role"] == "assistant")
    throw bad_request(field + ": the last message is the assistant's, and responses are given beside it", field);
  const OrderedJson& last = messages.back()["content"];
  if (!responses && (last.is_null() || (last.is_array() && last.empty())))
    throw bad_request(fmt::format("{}[{}].content: is empty, and it is what is to be scored", field, read.size() - 1),
                      field);
  question.sample = sample_of(read, std::move(shown.images), std::move(responses), field);
  return question;
}

Content content_of(const OrderedJson& value, const std::string& field) {
  if (value.is_string()) return {value};
  if (value.is_object() && value.contains("text") && !value.contains("content"))
    return {text_of(value["text"], field + ".text")};
  const OrderedJson& content = field_of(value, "content", field);
  if (!content.is_array() && !content.is_string()) throw bad_request(field + ".content must be a list of parts", field);
  return {content};
}

std::string Content::text(const std::string& field) const {
  if (content.is_string()) return content.get<std::string>();
  std::string text;
  for (size_t i = 0; i < content.size(); ++i) {
    const OrderedJson& part = content[i];
    const std::string where = fmt::format("{}.content[{}]", field, i);
    if (part.is_object() && part.contains("type") && !is_text(text_of(part["type"], where + ".type")))
      throw bad_request(field + ": a document is an answer, and has text alone: images belong to the query", field);
    text += text_of(part.is_string() ? part : field_of(part, "text", where), where);
  }
  return text;
}

}  // namespace vlrm
