// FastDeploy's /v1/reward and /v1/chat/reward: a chat in, a reward out. With "responses" beside messages that end with
// the user's, one prompt has several responses and each gets an entry.
#include "serve/chat.h"
#include "serve/dialects/fields.h"
#include "serve/dialects/routes.h"
#include "serve/http_error.h"

namespace vlrm {

OrderedJson answer_reward(const OrderedJson& body, const RouteContext& context) {
  refuse_unsupported(body, {"messages", "responses"});
  const Activation activation(body);
  RewardCall call = call_of(body, context);
  if (!body.contains("messages")) throw bad_request("messages is missing", "messages");
  std::optional<std::vector<std::string>> responses;
  if (body.contains("responses") && !body["responses"].is_null())
    responses = strings_of(body["responses"], "responses");
  call.questions.push_back(question_of(body["messages"], std::move(responses), context, "messages"));
  const RewardAnswer answer = context.ask(std::move(call));
  OrderedJson data = OrderedJson::array();
  for (const double reward : answer.rewards.at(0))
    data.push_back({{"index", data.size()}, {"object", "reward"}, {"score", OrderedJson::array({activation(reward)})}});
  return list_answer("reward", "object", std::move(data), answer, context);
}

}  // namespace vlrm
