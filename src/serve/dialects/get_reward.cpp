// OpenRLHF's and LMM-R1's /get_reward: lists of texts that the policy's template has rendered. slime's: one prompt and
// response. Neither sends images, so the label, a column of the data set, may hold them as JSON: {"images": […],
// "prompt": "…"}.
#include <cmath>

#include "serve/chat.h"
#include "serve/chat_markup.h"
#include "serve/dialects/fields.h"
#include "serve/dialects/routes.h"
#include "serve/http_error.h"
#include "serve/media.h"

namespace vlrm {
namespace {

// What a label says beside the answer that trainers compare with.
struct Label {
  std::optional<std::string> prompt;
  std::vector<std::string> images;
};

Label label_of(const OrderedJson& value, const std::string& field) {
  OrderedJson json = value;
  if (value.is_string()) {
    const std::string& text = value.get_ref<const std::string&>();
    const size_t begin = text.find_first_not_of(" \t\r\n");
    if (begin == text.npos || text[begin] != '{') return {};
    try {
      json = parse_ordered_json_or_throw(text, field);
    } catch (const Error&) {
      return {};  // a label of the user's own
    }
  }
  if (!json.is_object()) return {};
  Label label;
  if (json.contains("prompt")) {
    if (!json["prompt"].is_string()) throw bad_request(field + ".prompt must be a string", field);
    label.prompt = json["prompt"].get<std::string>();
  }
  if (json.contains("images")) label.images = strings_of(json["images"], field + ".images");
  return label;
}

// A path, or a URL.
EncodedImage image_named(const std::string& name, const RouteContext& context, const std::string& where) {
  const bool url = name.starts_with("data:") || name.find("://") != name.npos;
  return url ? image_of_url(name, context.allowed_media, where) : image_of_path(name, context.allowed_media, where);
}

RewardQuestion question_with(const OrderedJson& messages, std::string response, const Label& label,
                             const RouteContext& context, const std::string& field) {
  if (std::ssize(label.images) > context.most_images)
    throw bad_request(fmt::format("{}: more than {} images (--limit-images)", field, context.most_images), field);
  std::vector<EncodedImage> images;
  for (const std::string& name : label.images)
    images.push_back(image_named(name, context, fmt::format("{}.images[{}]", field, images.size())));
  RewardQuestion question;
  question.source = field;
  question.sample = sample_of(messages, std::move(images), std::vector{std::move(response)}, field);
  return question;
}

OrderedJson user_turn(const std::string& text) {
  return OrderedJson::array({{{"role", "user"}, {"content", text}}});
}

OrderedJson messages_of(const std::vector<ChatMarkup::Turn>& turns, const std::string& field) {
  OrderedJson messages = OrderedJson::array();
  for (size_t i = 0; i < turns.size(); ++i)
    if (i + 1 < turns.size() || turns[i].role != "assistant")
      messages.push_back({{"role", turns[i].role}, {"content", turns[i].text}});
  if (messages.empty() || messages.back()["role"] != "user")
    throw bad_request(field + ": has no user's turn before the response", field);
  return messages;
}

RewardQuestion question_of_query(const std::string& query, const std::string& prompt, const OrderedJson& label_value,
                                 const ChatMarkup& markup, const RouteContext& context, size_t index) {
  const std::string field = fmt::format("query[{}]", index);
  const Label label = label_of(label_value, fmt::format("labels[{}]", index));
  std::string response = markup.last_response(query, field);
  if (label.prompt) return question_with(user_turn(*label.prompt), std::move(response), label, context, field);
  // `prompts` has an image's placeholder once; `query` may have it hundreds of times.
  const bool own = !prompt.empty();
  const std::string of_prompt = own ? fmt::format("prompts[{}]", index) : field;
  return question_with(messages_of(markup.turns(own ? prompt : query, of_prompt), of_prompt), std::move(response),
                       label, context, field);
}

OrderedJson answer_openrlhf(const OrderedJson& body, const RouteContext& context) {
  RewardCall call = call_of(body, context);
  const std::vector<std::string> queries = strings_of(body["query"], "query");
  const std::vector<std::string> prompts = body.contains("prompts") && !body["prompts"].is_null()
                                               ? strings_of(body["prompts"], "prompts")
                                               : std::vector<std::string>(queries.size());
  const OrderedJson labels = body.contains("labels") && !body["labels"].is_null() ? body["labels"] : OrderedJson();
  if (!labels.is_null() && !labels.is_array()) throw bad_request("labels must be a list", "labels");
  if (queries.empty()) throw bad_request("query is empty", "query");
  if (prompts.size() != queries.size() || (labels.is_array() && labels.size() != queries.size()))
    throw bad_request("query, prompts and labels must have the same length", "query");
  if (std::ssize(queries) > context.most_responses)
    throw bad_request(
        fmt::format("query: {} texts are more than {} (--limit-responses)", queries.size(), context.most_responses),
        "query");
  const ChatMarkup markup(context.response_template);
  for (size_t i = 0; i < queries.size(); ++i)
    call.questions.push_back(
        question_of_query(queries[i], prompts[i], labels.is_array() ? labels[i] : OrderedJson(), markup, context, i));
  const RewardAnswer answer = context.ask(std::move(call));
  OrderedJson rewards = OrderedJson::array(), scores = OrderedJson::array();
  const Activation raw{OrderedJson::object()};
  for (const auto& each : answer.rewards) {
    rewards.push_back(raw(each.at(0)));
    scores.push_back(1 / (1 + std::exp(-each.at(0))));  // for dynamic filtering, from 0 to 1
  }
  OrderedJson result = {{"rewards", rewards}, {"scores", std::move(scores)}, {"extra_logs", {{"vlrm", rewards}}}};
  if (!answer.warnings.empty()) result["warnings"] = answer.warnings;
  return result;
}

OrderedJson answer_slime(const OrderedJson& body, const RouteContext& context) {
  RewardCall call = call_of(body, context);
  if (!body.contains("prompt") || !body["response"].is_string())
    throw bad_request("prompt and response are needed, the response as a string", "response");
  const Label label = label_of(body.contains("label") ? body["label"] : OrderedJson(), "label");
  const OrderedJson& prompt = body["prompt"];
  const auto response = body["response"].get<std::string>();
  if (prompt.is_string()) {
    const std::string text = label.prompt.value_or(prompt.get<std::string>());
    call.questions.push_back(question_with(user_turn(text), response, label, context, "prompt"));
  } else if (!label.images.empty()) {
    call.questions.push_back(question_with(prompt, response, label, context, "prompt"));
  } else {
    call.questions.push_back(question_of(prompt, std::vector{response}, context, "prompt"));
  }
  return Activation(OrderedJson::object())(context.ask(std::move(call)).rewards.at(0).at(0));
}

}  // namespace

OrderedJson answer_get_reward(const OrderedJson& body, const RouteContext& context) {
  if (body.contains("query")) return answer_openrlhf(body, context);
  if (body.contains("response")) return answer_slime(body, context);
  throw bad_request("query is missing (or, in slime's form, prompt and response)", "query");
}

}  // namespace vlrm
