// Fields that several dialects share.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "serve/reward_call.h"

namespace vlrm {

// Throws HttpError 400 naming a field of `body` that would change a reward and that this server does not have (another
// chat template, truncation, another encoding of the answer …), or that is nearly one of `known`, the route's own
// fields, or of those that all routes have. Others are left aside.
void refuse_unsupported(const OrderedJson& body, std::initializer_list<std::string_view> known);

// "mode" and "special_tokens", and that no other model is named: 404.
RewardCall call_of(const OrderedJson& body, const RouteContext& context);

bool flag(const OrderedJson& body, const char* name, bool fallback);

// The reward as it is, or its sigmoid where the body says "use_activation": true. Throws HttpError 500 for what is not
// a finite number.
class Activation {
 public:
  explicit Activation(const OrderedJson& body) : sigmoid_(flag(body, "use_activation", false)) {}
  double operator()(double reward) const;

 private:
  bool sigmoid_;
};

// {"id", "object", "created", "model", "data", "usage"}, and "warnings" if there are any.
OrderedJson list_answer(const char* kind, const char* object, OrderedJson data, const RewardAnswer& answer,
                        const RouteContext& context);
OrderedJson usage_of(const RewardAnswer& answer);
std::string new_id(const char* kind);  // "score-5f1c…"

}  // namespace vlrm
