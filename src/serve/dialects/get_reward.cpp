// OpenRLHF's and LMM-R1's /get_reward: lists of texts that the policy's template has rendered. slime's: one prompt and
// response. Neither sends images, so the label, a column of the data set, may hold them as JSON: {"images": […],
// "prompt": "…"}.
#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "serve/chat.h"
#include "serve/chat_markup.h"
#include "serve/dialects/fields.h"
#include "serve/dialects/reward_label.h"
#include "serve/dialects/routes.h"
#include "serve/http_error.h"
#include "serve/image_marks.h"
#include "serve/media.h"

namespace vlrm {
namespace {

// A path, or a URL.
EncodedImage image_named(const std::string& name, const RouteContext& context, const std::string& where) {
  const bool url = name.starts_with("data:") || name.find("://") != name.npos;
  return url ? image_of_url(name, context.allowed_media, where) : image_of_path(name, context.allowed_media, where);
}

OrderedJson user_turn(const OrderedJson& text) {
  return OrderedJson::array({{{"role", "user"}, {"content", text}}});
}

// What is asked about one response. `label_field` is the label's name in errors.
struct LabelledQuestion {
  RewardLabel label;
  std::string label_field;
  std::string response;
  bool blind = false;  // no image is looked at

  // `given`: messages that are the prompt where the label holds none; `field` is their name in errors.
  RewardQuestion with(const OrderedJson& given, const std::string& field, const RouteContext& context) const {
    const bool own = !label.prompt.is_null();
    const std::string where = own ? label_field + ".prompt" : field;
    OrderedJson messages = own ? label.prompt : given;
    if (own && label.prompt.is_string()) messages = user_turn(label.prompt);
    if (std::ssize(label.images) > context.most_images)
      throw bad_request(fmt::format("{}: more than {} images (--limit-images)", label_field, context.most_images),
                        label_field);
    std::vector<EncodedImage> images;
    for (const std::string& name : label.images)
      images.push_back(image_named(name, context, fmt::format("{}.images[{}]", label_field, images.size())));
    if (!images.empty() || !names_images(messages))
      messages = with_image_places(std::move(messages), images.size(), blind, where);
    return question_of(messages, std::vector{response}, context, where, std::move(images));
  }

 private:
  static bool names_images(const OrderedJson& messages) {
    const auto shows = [](const OrderedJson& part) { return part.is_object() && !part.contains("text"); };
    return messages.is_array() && std::ranges::any_of(messages, [&](const OrderedJson& message) {
             return message.is_object() && message.contains("content") && message["content"].is_array() &&
                    std::ranges::any_of(message["content"], shows);
           });
  }
};

// The messages before the last of the assistant's turns.
OrderedJson messages_before_response(const std::vector<ChatMarkup::Turn>& turns, const std::string& field) {
  OrderedJson messages = OrderedJson::array();
  const auto last = std::ranges::find(turns.rbegin(), turns.rend(), "assistant", &ChatMarkup::Turn::role);
  const auto end = last == turns.rend() ? turns.end() : last.base() - 1;
  for (auto turn = turns.begin(); turn != end; ++turn)
    messages.push_back({{"role", turn->role}, {"content", turn->text}});
  if (messages.empty() || messages.back()["role"] != "user")
    throw bad_request(field + ": has no user's turn before the response", field);
  return messages;
}

// The response is what follows the prompt in `query`, behind what the prompt has of the assistant's turn.
RewardQuestion question_after_prompt(const std::string& query, const std::string& prompt, LabelledQuestion asked,
                                     const ChatMarkup& markup, const RouteContext& context, size_t index) {
  const std::string field = fmt::format("prompts[{}]", index);
  const auto end = end_of_prompt(query, prompt);
  if (!end) {
    const std::string of_query = fmt::format("query[{}]", index);
    throw bad_request(fmt::format("{}: does not begin with {}", of_query, field), of_query);
  }
  const bool own = !asked.label.prompt.is_null();
  const std::string begun = own && !markup.fits(prompt) ? "" : markup.begun_response(prompt, field);
  asked.response = ChatMarkup::without_ends(begun + query.substr(*end));
  return asked.with(own ? OrderedJson() : messages_before_response(markup.turns(prompt, field), field), field, context);
}

// The response is the last of the assistant's turns.
RewardQuestion question_of_last_turn(const std::string& query, LabelledQuestion asked, const ChatMarkup& markup,
                                     const RouteContext& context, size_t index) {
  const std::string field = fmt::format("query[{}]", index);
  asked.response = ChatMarkup::without_ends(markup.last_response(query, field));
  const bool own = !asked.label.prompt.is_null();
  return asked.with(own ? OrderedJson() : messages_before_response(markup.turns(query, field), field), field, context);
}

bool is_blind(const RewardCall& call, const RouteContext& context) {
  return !context.sees || (!call.mode.empty() && call.mode != "image");
}

OrderedJson answer_openrlhf(const OrderedJson& body, RewardCall call, const RouteContext& context) {
  const std::vector<std::string> queries = strings_of(body["query"], "query");
  const bool prompted = body.contains("prompts") && !body["prompts"].is_null();
  const std::vector<std::string> prompts =
      prompted ? strings_of(body["prompts"], "prompts") : std::vector<std::string>(queries.size());
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
  int64_t of_several_turns = 0;
  for (size_t i = 0; i < queries.size(); ++i) {
    const std::string label_field = fmt::format("labels[{}]", i);
    LabelledQuestion asked{label_of(labels.is_array() ? labels[i] : OrderedJson(), label_field), label_field, "",
                           is_blind(call, context)};
    if (prompted) {
      call.questions.push_back(question_after_prompt(queries[i], prompts[i], std::move(asked), markup, context, i));
    } else {
      of_several_turns += markup.responses(queries[i], fmt::format("query[{}]", i)) > 1 ? 1 : 0;
      call.questions.push_back(question_of_last_turn(queries[i], std::move(asked), markup, context, i));
    }
  }
  if (of_several_turns > 0)
    call.warnings.push_back(
        fmt::format("{} quer{} several turns of the assistant: the last is scored, which a policy "
                    "may have written itself; `prompts` says where it begins",
                    of_several_turns, of_several_turns == 1 ? "y has" : "ies have"));
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

// A prompt that is a text may be rendered, as slime has it with --apply-chat-template; else it is the user's words.
OrderedJson answer_slime(const OrderedJson& body, RewardCall call, const RouteContext& context) {
  if (!body.contains("prompt") || !body["response"].is_string())
    throw bad_request("prompt and response are needed, the response as a string", "response");
  const OrderedJson& prompt = body["prompt"];
  LabelledQuestion asked{label_of(body.contains("label") ? body["label"] : OrderedJson(), "label"), "label",
                         body["response"].get<std::string>(), is_blind(call, context)};
  const ChatMarkup markup(context.response_template);
  OrderedJson messages = prompt;
  if (prompt.is_string()) {
    const auto text = prompt.get<std::string>();
    messages = user_turn(prompt);
    if (markup.fits(text)) {
      asked.response = markup.begun_response(text, "prompt") + asked.response;
      if (asked.label.prompt.is_null()) messages = messages_before_response(markup.turns(text, "prompt"), "prompt");
    }
  }
  asked.response = ChatMarkup::without_ends(std::move(asked.response));
  call.questions.push_back(asked.with(messages, "prompt", context));
  return Activation(OrderedJson::object())(context.ask(std::move(call)).rewards.at(0).at(0));
}

}  // namespace

OrderedJson answer_get_reward(const OrderedJson& body, const RouteContext& context) {
  refuse_unsupported(body, {"query", "prompts", "labels", "prompt", "response", "label"});
  if (flag(body, "use_activation", false))
    throw bad_request("use_activation: this route gives rewards as they are; leave it out", "use_activation");
  RewardCall call = call_of(body, context);
  if (body.contains("query")) return answer_openrlhf(body, std::move(call), context);
  if (body.contains("response")) return answer_slime(body, std::move(call), context);
  throw bad_request("query is missing (or, in slime's form, prompt and response)", "query");
}

}  // namespace vlrm
