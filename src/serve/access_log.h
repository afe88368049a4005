// What is logged of a request: nothing of what was asked.
#pragma once

#include <httplib.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace vlrm {

// A request that a thread answers.
struct AnsweredRequest {
  std::string id;
  std::chrono::steady_clock::time_point began;
  int64_t bytes = 0, texts = 0, tokens = 0;
  std::vector<std::string> warnings = {};  // of its answer
  bool counted = false;                    // among the requests for rewards
};

// The client's own, if it is fit for a header and a log, or a new one.
std::string request_id(const httplib::Request& request);

// A line of JSON.
std::string log_line(const AnsweredRequest& answered, const httplib::Request& request, int status, double seconds);

}  // namespace vlrm
