#include "serve/dialects/routes.h"

#include <array>

namespace vlrm {

std::span<const Route> reward_routes() {
  static constexpr std::array kRoutes{
      Route{"/v1/reward", answer_reward},      Route{"/v1/chat/reward", answer_reward},
      Route{"/classify", answer_classify},     Route{"/v1/classify", answer_classify},
      Route{"/pooling", answer_pooling},       Route{"/score", answer_score},
      Route{"/v1/score", answer_score},        Route{"/rerank", answer_rerank},
      Route{"/v1/rerank", answer_rerank},      Route{"/v2/rerank", answer_rerank},
      Route{"/get_reward", answer_get_reward},
  };
  return kRoutes;
}

}  // namespace vlrm
