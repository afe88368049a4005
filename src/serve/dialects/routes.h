// The routes that give rewards, in the dialects of servers and trainers. A new one is a function here and a line in
// routes.cpp.
#pragma once

#include <span>

#include "serve/reward_call.h"

namespace vlrm {

// Each takes the body of a request and gives that of the answer. They throw HttpError, Error and ClientLeft. Fields
// that would change a reward and that this server does not have are refused by name; unknown ones are left aside.
OrderedJson answer_reward(const OrderedJson& body, const RouteContext& context);      // FastDeploy's /v1/reward
OrderedJson answer_classify(const OrderedJson& body, const RouteContext& context);    // vLLM's
OrderedJson answer_pooling(const OrderedJson& body, const RouteContext& context);     // vLLM's
OrderedJson answer_score(const OrderedJson& body, const RouteContext& context);       // vLLM's
OrderedJson answer_rerank(const OrderedJson& body, const RouteContext& context);      // Jina's and Cohere's
OrderedJson answer_get_reward(const OrderedJson& body, const RouteContext& context);  // OpenRLHF's, slime's

struct Route {
  const char* path;
  OrderedJson (*answer)(const OrderedJson& body, const RouteContext& context);
};
std::span<const Route> reward_routes();

}  // namespace vlrm
