// Questions of many requests, gathered: those about one prompt and the same images go through the model together, and
// encode them once, as the responses of one request do.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "serve/reward_call.h"

namespace vlrm {

struct GatheringOptions {
  int64_t most_requests = 1024;          // at a time, waiting or at work
  std::chrono::milliseconds gather{5};   // how long a question waits for others about its prompt
  std::chrono::seconds time_limit{150};  // of a request, until its work begins
};

// What was counted, for the metrics.
struct GatheringCounts {
  int64_t waiting = 0, running = 0;      // questions
  int64_t batches = 0;                   // that the model was given
  int64_t responses = 0, tokens = 0;     // scored; tokens of all texts, each with its prompt
  int64_t tokens_computed = 0;           // of them through the model
  int64_t gathered = 0;                  // questions that shared the prompt of another request
  int64_t left = 0, late = 0, full = 0;  // requests: clients that left; not begun in time; refused
};

// One thread prepares what comes next, another owns the model. A question that goes wrong is asked again alone, so
// that it fails no other. No digit of a score depends on what it is gathered with, on a CPU (see Backend).
class GatheringQueue {
 public:
  explicit GatheringQueue(const GatheringOptions& options);
  // Scores first what is waiting.
  ~GatheringQueue();
  GatheringQueue(const GatheringQueue&) = delete;
  GatheringQueue& operator=(const GatheringQueue&) = delete;

  struct Scored {
    std::vector<double> rewards;
    std::vector<int64_t> tokens;  // of each text
    TextNotes notes;              // of all texts, those of the prompt once
  };
  // Blocks until all questions are scored. Throws HttpError 503 where too many requests are there or its work does not
  // begin in time; ClientLeft once `left` says so; Error for a question that cannot be scored. From any thread.
  std::vector<Scored> score(Scorer& scorer, std::vector<RewardQuestion> questions, const std::function<bool()>& left);

  GatheringCounts counts() const;

 private:
  struct Request;
  struct Waiting;
  struct Group;
  class Gone;

  std::vector<Group> take_groups();
  std::vector<Group> prepare(std::vector<Group> groups);
  void prepare_all();
  void score_all();
  void score(std::vector<Group> groups);
  void finish(Group& group, const std::vector<double>& rewards, const std::exception_ptr& error);
  void withdraw(Request& request);

  const GatheringOptions options_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;  // for the two threads
  std::deque<Waiting> waiting_;      // in the order of arrival
  std::vector<Group> next_;          // prepared for the model
  bool stopping_ = false, prepared_all_ = false;
  int64_t requests_ = 0;
  GatheringCounts counts_;
  std::thread preparing_, scoring_;
};

}  // namespace vlrm
