// vLLM's /classify and /pooling: a chat, or texts that the client has rendered, which carry no images.
#include <limits>

#include "serve/chat.h"
#include "serve/dialects/fields.h"
#include "serve/dialects/routes.h"
#include "serve/http_error.h"

namespace vlrm {
namespace {

bool are_ids(const OrderedJson& list) {
  return list.is_array() && !list.empty() && list[0].is_number();
}

std::vector<int32_t> ids_of(const OrderedJson& list, const std::string& field) {
  std::vector<int32_t> ids;
  for (const auto& id : list) {
    if (!id.is_number_integer() || id < 0 || id > std::numeric_limits<int32_t>::max())
      throw bad_request(field + " must be a list of token ids", field);
    ids.push_back(id.get<int32_t>());
  }
  return ids;
}

// `input`: a text, token ids, or a list of either.
RewardQuestion rendered_question(const OrderedJson& body, const RouteContext& context) {
  const OrderedJson& input = body["input"];
  const bool begin = flag(body, "add_special_tokens", true);
  RewardQuestion question;
  question.source = "input";
  if (input.is_string()) {
    question.rendered.push_back({input.get<std::string>(), begin, {}});
  } else if (are_ids(input)) {
    question.rendered.push_back({"", begin, ids_of(input, "input")});
  } else if (input.is_array()) {
    for (const auto& each : input) {
      const std::string field = fmt::format("input[{}]", question.rendered.size());
      if (each.is_string())
        question.rendered.push_back({each.get<std::string>(), begin, {}});
      else if (are_ids(each))
        question.rendered.push_back({"", begin, ids_of(each, field)});
      else
        throw bad_request(field + " must be a text or a list of token ids", field);
    }
  } else {
    throw bad_request("input must be a text, a list of token ids, or a list of these", "input");
  }
  if (question.rendered.empty()) throw bad_request("input is empty", "input");
  for (size_t i = 0; i < question.rendered.size(); ++i)
    if (question.rendered[i].text.empty() && question.rendered[i].ids.empty())
      throw bad_request(input.is_array() && !are_ids(input) ? fmt::format("input[{}] is empty", i) : "input is empty",
                        "input");
  if (std::ssize(question.rendered) > context.most_responses)
    throw bad_request(fmt::format("input: {} texts are more than {} (--limit-responses)", question.rendered.size(),
                                  context.most_responses),
                      "input");
  return question;
}

RewardAnswer rewards_of(const OrderedJson& body, const RouteContext& context) {
  const bool chat = body.contains("messages"), rendered = body.contains("input");
  if (chat == rendered) throw bad_request("give either messages or input", chat ? "input" : "messages");
  if (chat)
    refuse_unsupported(body, {"messages", "task"});
  else
    refuse_unsupported(body, {"input", "add_special_tokens", "task"});
  if (body.contains("responses") && !body["responses"].is_null())
    throw bad_request("responses: here the last message is the response; /v1/reward takes several", "responses");
  RewardCall call = call_of(body, context);
  if (rendered && !call.special_tokens.empty())
    throw bad_request("special_tokens: `input` is rendered already, and is read as it stands; give messages",
                      "special_tokens");
  call.questions.push_back(chat ? question_of(body["messages"], std::nullopt, context, "messages")
                                : rendered_question(body, context));
  return context.ask(std::move(call));
}

}  // namespace

OrderedJson answer_classify(const OrderedJson& body, const RouteContext& context) {
  const Activation activation(body);
  const RewardAnswer answer = rewards_of(body, context);
  OrderedJson data = OrderedJson::array();
  for (const double reward : answer.rewards.at(0))
    data.push_back({{"index", data.size()},
                    {"label", "LABEL_0"},
                    {"probs", OrderedJson::array({activation(reward)})},
                    {"num_classes", 1}});
  return list_answer("classify", "list", std::move(data), answer, context);
}

OrderedJson answer_pooling(const OrderedJson& body, const RouteContext& context) {
  const auto task = body.find("task");
  if (task != body.end() && !task->is_null() && *task != "classify" && *task != "reward" && *task != "score")
    throw bad_request("task: this server gives one reward for a text: \"classify\"", "task");
  const Activation activation(body);
  const RewardAnswer answer = rewards_of(body, context);
  OrderedJson data = OrderedJson::array();
  for (const double reward : answer.rewards.at(0))
    data.push_back({{"index", data.size()}, {"object", "pooling"}, {"data", OrderedJson::array({activation(reward)})}});
  return list_answer("pool", "list", std::move(data), answer, context);
}

}  // namespace vlrm
