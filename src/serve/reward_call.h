// What every dialect asks of the model, and what it gets.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "prompt/sample.h"
#include "reward/scorer.h"

namespace vlrm {

// A prompt with its images and one response or more.
struct RewardQuestion {
  Sample sample;
  std::vector<Scorer::Rendered> rendered;  // in place of the sample: texts that a client has rendered
  std::string source;                      // the field that errors name: "messages"
};

struct RewardCall {
  std::vector<RewardQuestion> questions;
  std::string mode;                   // image, no-image or text-only; "": image, or of a text model text-only
  std::string special_tokens;         // in texts: escape, parse or refuse; "": as the server was started
  std::vector<std::string> warnings;  // that the answer is to have
};

struct RewardAnswer {
  std::vector<std::vector<double>> rewards;  // [questions][responses], as the head gives them
  int64_t tokens = 0;                        // of all texts, each with its prompt
  std::vector<std::string> warnings;         // what should be known of these rewards; mostly nothing
  std::vector<std::string> kinds;            // of each warning: those of one kind differ in their counts
};

// What a route is given, beside the request's body.
struct RouteContext {
  // Blocks until the model has scored. Throws HttpError, Error for a bad question, and ClientLeft.
  std::function<RewardAnswer(RewardCall)> ask;
  std::string model;                                       // as answers name it
  std::function<bool(const std::string& name)> is_served;  // as requests may
  bool sees = true;                                        // the model
  std::string allowed_media;                               // the folder whose files requests may show; "": none
  std::string response_template;                           // see ChatMarkup
  int64_t most_images = 0;                                 // of a prompt
  int64_t most_responses = 0;                              // of a request
};

}  // namespace vlrm
