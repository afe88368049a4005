// The model of a server, and the queue before it.
#pragma once

#include <vlrm/model.h>

#include <map>
#include <memory>
#include <mutex>

#include "app/loaded_model.h"
#include "serve/gathering_queue.h"

namespace vlrm {

class RewardService {
 public:
  // Loads the model. Throws as RewardModel, and Error for a model without rewards unless likelihoods are asked for.
  RewardService(const ModelOptions& model, std::optional<int64_t> most_pixels, const GatheringOptions& queue);

  // Throws as GatheringQueue::score(), and OptionError for "mode" or "special_tokens". From any thread.
  RewardAnswer ask(RewardCall call, const std::function<bool()>& left);

  GatheringCounts counts() const { return queue_.counts(); }
  int64_t images_encoded();
  bool sees() const { return model_.model().config.sees(); }
  int64_t positions() const { return model_.model().config.text.positions; }  // tokens of a text
  std::string dtype() const;
  const std::string& device() const { return model_.device(); }

 private:
  Scorer& scorer_for(const RewardCall& call);

  const ModelOptions options_;
  const std::optional<int64_t> most_pixels_;
  LoadedModel model_;
  std::mutex scorers_;
  Scorer* first_ = nullptr;
  GatheringQueue queue_;  // last: its threads use the model
};

}  // namespace vlrm
