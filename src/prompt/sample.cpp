#include "prompt/sample.h"

#include <algorithm>
#include <array>
#include <span>

#include "base/error.h"
#include "base/nearest.h"

namespace vlrm {
namespace {

const std::string& text_or_throw(const OrderedJson& object, const char* key, const std::string& source) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_string()) fail("{}: \"{}\" must be a string", source, key);
  return found->get_ref<const std::string&>();
}

constexpr std::array<std::string_view, 8> kFields{"id",       "image",     "images", "prompt",
                                                  "messages", "responses", "chosen", "rejected"};
constexpr std::array<std::string_view, 3> kOfTheOutput{"scores", "date", "texts"};

// Those of a line, and those that its line of the output has.
struct KnownFields {
  std::span<const std::string_view> input, output;
  const char* output_has;
};

KnownFields known_fields(LineHolds holds) {
  if (holds == LineHolds::responses) return {kFields, kOfTheOutput, "scores have"};
  return {std::span(kFields).first(5), std::span(kOfTheOutput).last(1), "output has"};
}

// The user's own fields. One that is nearly a known one but the short "id" is a slip of the pen, and one that a line of
// the output has too would stand there twice.
OrderedJson other_fields(const OrderedJson& line, const std::string& source, const KnownFields& known) {
  OrderedJson other = OrderedJson::object();
  for (const auto& [key, value] : line.items()) {
    if (std::ranges::find(known.input, key) != known.input.end()) continue;
    if (const auto near = near_name(key, known.input.subspan(1)))
      fail("{}: unknown field \"{}\"; did you mean \"{}\"?", source, printable(key), *near);
    if (std::ranges::find(known.output, key) != known.output.end())
      fail("{}: the field \"{}\" is one that the {}; give it another name", source, key, known.output_has);
    other[key] = value;
  }
  return other;
}

// Before the JSON is parsed, which says where it ends, not why.
void refuse_other_layouts(std::string_view line, const std::string& source) {
  const size_t first = line.find_first_not_of(" \t");
  if (first == line.npos) return;
  const std::string_view text = line.substr(first, line.find_last_not_of(" \t") - first + 1);
  if (text.front() == '[')
    fail("{}: must be a JSON object; give one object per line, without a list around them", source);
  if (text == "{") fail("{}: not valid JSON: the object ends in another line; give one object per line", source);
}

EncodedImage named_image(const std::string& name, const std::string& source, const std::filesystem::path& directory) {
  if (is_url(name))
    fail("{}: the image {} is a URL, which is not fetched; save it to a file", source, printable(name, 60));
  return {directory / name};
}

std::vector<std::string> strings(const OrderedJson& line, const char* key, const std::string& source) {
  std::vector<std::string> values;
  if (!line.contains(key)) return values;
  if (!line.at(key).is_array()) fail("{}: \"{}\" must be a list of strings", source, key);
  for (const auto& value : line.at(key)) {
    if (!value.is_string()) fail("{}: \"{}\" must be a list of strings", source, key);
    values.push_back(value.get<std::string>());
  }
  return values;
}

std::vector<std::string> image_paths(const OrderedJson& line, const std::string& source) {
  if (!line.contains("image")) return strings(line, "images", source);
  if (line.contains("images")) fail("{}: has both \"image\" and \"images\"; leave one out", source);
  return {text_or_throw(line, "image", source)};
}

// Of "responses", or of "chosen" and "rejected".
std::optional<std::vector<std::string>> responses_of(const OrderedJson& line, const std::string& source) {
  const bool pair = line.contains("chosen") || line.contains("rejected");
  if (!line.contains("responses") && !pair) return std::nullopt;
  if (!pair) return strings(line, "responses", source);
  if (line.contains("responses"))
    fail("{}: has both \"responses\" and \"chosen\" or \"rejected\"; leave one out", source);
  return std::vector{text_or_throw(line, "chosen", source), text_or_throw(line, "rejected", source)};
}

bool is_image(const OrderedJson& part) {
  return part.at("type") == "image";
}

// Content as it came, checked; the images that parts name themselves are added to `named`. A string stays a string:
// templates may render the two forms differently.
OrderedJson checked_content(const OrderedJson& content, const std::string& source,
                            const std::filesystem::path& directory, std::vector<EncodedImage>& named) {
  if (content.is_string()) return content;
  if (!content.is_array()) fail("{}: \"content\" must be a string or a list of parts", source);
  OrderedJson parts = OrderedJson::array();
  for (const auto& part : content) {
    const std::string& type = text_or_throw(part, "type", source);
    if (type == "text") {
      parts.push_back({{"type", "text"}, {"text", text_or_throw(part, "text", source)}});
    } else if (type == "image") {
      if (part.contains("image")) named.push_back(named_image(text_or_throw(part, "image", source), source, directory));
      parts.push_back({{"type", "image"}});
    } else {
      fail("{}: a part of type \"{}\"; known are text and image", source, printable(type));
    }
  }
  return parts;
}

size_t count_images(const OrderedJson& messages) {
  size_t count = 0;
  for (const auto& message : messages)
    if (message["content"].is_array())
      count += static_cast<size_t>(std::count_if(message["content"].begin(), message["content"].end(), is_image));
  return count;
}

std::string joined_text(const OrderedJson& content) {
  if (content.is_string()) return content.get<std::string>();
  std::string text;
  for (const auto& part : content)
    if (!is_image(part)) text += part.at("text").get_ref<const std::string&>();
  return text;
}

OrderedJson without_images(const OrderedJson& parts) {
  OrderedJson kept = OrderedJson::array();
  for (const auto& part : parts)
    if (!is_image(part)) kept.push_back(part);
  return kept;
}

// Images without a part of their own come before the first user message's text.
void place_images(OrderedJson& messages, size_t images, const std::string& source) {
  for (auto& message : messages) {
    if (message["role"] != "user") continue;
    OrderedJson parts = OrderedJson::array();
    for (size_t i = 0; i < images; ++i) parts.push_back({{"type", "image"}});
    if (message["content"].is_string())
      parts.push_back({{"type", "text"}, {"text", message["content"]}});
    else
      parts.insert(parts.end(), message["content"].begin(), message["content"].end());
    message["content"] = std::move(parts);
    return;
  }
  fail("{}: there are images but no user message to show them in", source);
}

void read_messages(const OrderedJson& list, Sample& sample, const std::string& source,
                   const std::filesystem::path& directory) {
  if (!list.is_array() || list.empty()) fail("{}: \"messages\" must be a list with at least one message", source);
  std::vector<EncodedImage> named;
  for (const auto& message : list) {
    if (!message.is_object() || !message.contains("content"))
      fail("{}: a message needs \"role\" and \"content\"", source);
    text_or_throw(message, "role", source);
    OrderedJson checked = message;
    checked["content"] = checked_content(message["content"], source, directory, named);
    sample.messages.push_back(std::move(checked));
  }
  if (!named.empty() && !sample.images.empty())
    fail("{}: images are named both in \"images\" and in the messages' parts", source);
  if (sample.images.empty()) sample.images = std::move(named);
}

}  // namespace

OrderedJson user_message(const std::string& prompt, size_t images) {
  OrderedJson parts = OrderedJson::array();
  for (size_t i = 0; i < images; ++i) parts.push_back({{"type", "image"}});
  parts.push_back({{"type", "text"}, {"text", prompt}});
  return {{"role", "user"}, {"content", std::move(parts)}};
}

void leave_out_images(OrderedJson& messages) {
  for (auto& message : messages)
    if (message["content"].is_array()) message["content"] = without_images(message["content"]);
}

void put_before_question(OrderedJson& messages, const std::string& text) {
  const auto question = std::ranges::find_if(messages, [](const auto& message) { return message["role"] == "user"; });
  if (question == messages.end()) return;
  OrderedJson& content = (*question)["content"];
  if (content.is_string()) {
    content = text + content.get<std::string>();
    return;
  }
  const auto part = std::ranges::find_if_not(content, is_image);
  if (part != content.end())
    (*part)["text"] = text + (*part)["text"].get<std::string>();
  else
    content.push_back({{"type", "text"}, {"text", text}});
}

void join_parts(OrderedJson& messages, const std::string& image) {
  for (auto& message : messages) {
    OrderedJson& content = message["content"];
    if (!content.is_array()) continue;
    std::string text;
    for (const auto& part : content) text += is_image(part) ? image : part.at("text").get_ref<const std::string&>();
    content = OrderedJson::array({{{"type", "text"}, {"text", std::move(text)}}});
  }
}

Sample sample_of(const OrderedJson& messages, std::vector<EncodedImage> images,
                 std::optional<std::vector<std::string>> responses, const std::string& source,
                 const std::filesystem::path& directory) {
  Sample sample;
  sample.images = std::move(images);
  read_messages(messages, sample, source, directory);
  if (responses) {
    if (!responses->empty() && sample.messages.back()["role"] == "assistant")
      fail(
          "{}: the last message is the assistant's, and responses are given beside it; a response that continues it "
          "must hold all of it",
          source);
    sample.responses = std::move(*responses);
  } else {
    if (sample.messages.back()["role"] != "assistant")
      fail("{}: without \"responses\" the last message must be the assistant's", source);
    sample.responses.push_back(joined_text(sample.messages.back()["content"]));
    sample.messages.erase(sample.messages.size() - 1);
  }
  const size_t shown = count_images(sample.messages);
  if (shown == 0 && !sample.images.empty())
    place_images(sample.messages, sample.images.size(), source);
  else if (shown != sample.images.size())
    fail("{}: the messages show {} image{}, {} {} given", source, shown, shown == 1 ? "" : "s", sample.images.size(),
         sample.images.size() == 1 ? "is" : "are");
  return sample;
}

Sample parse_sample(std::string_view line, int64_t number, const std::string& source,
                    const std::filesystem::path& directory, LineHolds holds) {
  refuse_other_layouts(line, source);
  const OrderedJson object = parse_ordered_json_or_throw(line, source);
  if (!object.is_object()) fail("{}: must be a JSON object", source);
  OrderedJson other = other_fields(object, source, known_fields(holds));
  std::optional<std::vector<std::string>> responses = std::vector<std::string>();
  if (holds == LineHolds::responses) responses = responses_of(object, source);
  std::vector<EncodedImage> images;
  for (const std::string& path : image_paths(object, source)) images.push_back(named_image(path, source, directory));
  if (object.contains("prompt") && object.contains("messages"))
    fail("{}: has both \"prompt\" and \"messages\"; leave one out", source);
  if (!object.contains("prompt") && !object.contains("messages"))
    fail("{}: needs either \"prompt\" or \"messages\"", source);
  Sample sample;
  if (object.contains("prompt")) {
    sample.messages.push_back(user_message(text_or_throw(object, "prompt", source), images.size()));
    sample.images = std::move(images);
    sample.responses = responses.value_or(std::vector<std::string>());
  } else {
    sample = sample_of(object.at("messages"), std::move(images), std::move(responses), source, directory);
  }
  sample.id = object.contains("id") ? object.at("id") : OrderedJson(number);
  sample.other = std::move(other);
  if (holds == LineHolds::prompt && sample.messages.back()["role"] == "assistant")
    fail("{}: the last message is the assistant's, which is what is to be written; leave it out", source);
  if (holds == LineHolds::responses && sample.responses.empty())
    fail("{}: \"responses\" needs at least one response", source);
  return sample;
}

OrderedJson conversation(const Sample& sample, const std::string* response, ContentForm form) {
  OrderedJson messages = OrderedJson::array();
  for (OrderedJson message : sample.messages) {
    OrderedJson& content = message["content"];
    if (form == ContentForm::text)
      content = joined_text(content);
    else if (form == ContentForm::parts_without_images && content.is_array())
      content = without_images(content);
    messages.push_back(std::move(message));
  }
  if (response) {
    OrderedJson content = *response;
    if (form != ContentForm::text) content = OrderedJson::array({{{"type", "text"}, {"text", *response}}});
    messages.push_back({{"role", "assistant"}, {"content", std::move(content)}});
  }
  return messages;
}

}  // namespace vlrm
