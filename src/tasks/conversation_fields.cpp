#include "tasks/conversation_fields.h"

#include "base/error.h"
#include "base/joined.h"
#include "tasks/row_fields.h"

namespace vlrm {
namespace {

// Tables give each part every field that any part has, null where it has none.
OrderedJson without_nulls(const OrderedJson& object) {
  OrderedJson kept = OrderedJson::object();
  for (const auto& [key, value] : object.items())
    if (!value.is_null()) kept[key] = value;
  return kept;
}

bool is_message(const OrderedJson& value) {
  return value.is_object() && value.contains("role") && value.at("role").is_string() && value.contains("content") &&
         (value.at("content").is_string() || value.at("content").is_array());
}

OrderedJson message_of(const OrderedJson& value, const Row& row, const std::string& column) {
  if (!is_message(value))
    fail("{}: \"{}\" must be a text or a list of messages, each with \"role\" and \"content\"", row.source,
         printable(column));
  OrderedJson message{{"role", value.at("role")}, {"content", value.at("content")}};
  if (message["content"].is_string()) return message;
  for (OrderedJson& part : message["content"]) {
    if (!part.is_object() || !part.contains("type"))
      fail("{}: \"{}\" has a part of a message without \"type\"", row.source, printable(column));
    part = without_nulls(part);
  }
  return message;
}

// The text of a message, without its images.
std::string text_of(const OrderedJson& message, const Row& row, const std::string& column) {
  const OrderedJson& content = message.at("content");
  if (content.is_string()) return content.get<std::string>();
  std::string text;
  for (const OrderedJson& part : content) {
    if (part.at("type") == "image") continue;
    if (part.at("type") != "text" || !part.contains("text") || !part.at("text").is_string())
      fail("{}: \"{}\" has a part that is neither text nor image", row.source, printable(column));
    text += part.at("text").get_ref<const std::string&>();
  }
  return text;
}

bool shows_image(const OrderedJson& message) {
  if (!message.at("content").is_array()) return false;
  for (const OrderedJson& part : message.at("content"))
    if (part.at("type") == "image") return true;
  return false;
}

OrderedJson messages_at(const Row& row, const std::string& column) {
  OrderedJson messages = OrderedJson::array();
  for (const OrderedJson& value : row.values.at(column)) messages.push_back(message_of(value, row, column));
  if (messages.empty()) fail("{}: \"{}\" is an empty list of messages", row.source, printable(column));
  return messages;
}

AskedQuestion question_of(OrderedJson messages, const Row& row, const std::string& column) {
  std::vector<std::string> texts;
  for (const OrderedJson& message : messages) texts.push_back(text_of(message, row, column));
  if (messages.empty() || messages.back()["role"] != "user")
    fail("{}: \"{}\" must end with the user's message before the response", row.source, printable(column));
  AskedQuestion question{joined(texts, "\n")};
  // One message whose images, if any, come before its text is what a text is made into.
  if (messages.size() > 1 || shows_image(messages.back())) question.messages = std::move(messages);
  return question;
}

bool is_list(const Row& row, const std::string& column) {
  const auto found = row.values.find(column);
  return found != row.values.end() && found->is_array();
}

// A response, and the conversation before it, if any.
struct Answered {
  OrderedJson before = OrderedJson::array();
  std::string response;
};

Answered answered_at(Row copy, const std::string& column) {
  if (!is_list(copy, column)) return {OrderedJson::array(), RowFields(copy).text(column)};
  OrderedJson messages = messages_at(copy, column);
  if (messages.back()["role"] != "assistant")
    fail("{}: \"{}\" must end with the assistant's message, the response", copy.source, printable(column));
  if (shows_image(messages.back()))
    fail("{}: the response in \"{}\" shows an image; only the prompt can", copy.source, printable(column));
  std::string response = text_of(messages.back(), copy, column);
  messages.erase(messages.size() - 1);
  return {std::move(messages), std::move(response)};
}

// Whether a conversation before a response only says the prompt again.
bool repeats(const OrderedJson& before, const AskedQuestion& question, const Row& row, const std::string& column) {
  if (before.empty()) return true;
  if (!question.messages.is_null()) return before == question.messages;
  return before.size() == 1 && before[0]["role"] == "user" && text_of(before[0], row, column) == question.text;
}

}  // namespace

AskedQuestion question_at(const Row& row, const std::string& column) {
  if (is_list(row, column)) return question_of(messages_at(row, column), row, column);
  Row copy = row;
  return {RowFields(copy).text(column)};
}

PreferencePair preference_pair_at(const Row& row, const std::string& prompt, const std::string& chosen,
                                  const std::string& rejected) {
  Answered better = answered_at(row, chosen), worse = answered_at(row, rejected);
  PreferencePair pair{{}, std::move(better.response), std::move(worse.response)};
  const bool implicit = !row.values.contains(prompt) && !better.before.empty();
  if (implicit && better.before != worse.before)
    fail("{}: \"{}\" and \"{}\" do not begin with the same messages, and \"{}\" does not say the prompt", row.source,
         printable(chosen), printable(rejected), printable(prompt));
  pair.question = implicit ? question_of(std::move(better.before), row, chosen) : question_at(row, prompt);
  if (implicit) return pair;
  for (const auto& [column, answered] : {std::pair(&chosen, &better), std::pair(&rejected, &worse)})
    if (!repeats(answered->before, pair.question, row, *column))
      fail("{}: \"{}\" has messages before the response that are not those of \"{}\"", row.source, printable(*column),
           printable(prompt));
  return pair;
}

void set_question(BenchmarkRow& row, AskedQuestion question) {
  row.query = std::move(question.text);
  row.messages = std::move(question.messages);
}

}  // namespace vlrm
