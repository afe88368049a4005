// What a server counted, as Prometheus reads it (text format 0.0.4), under vLLM's names with the prefix vlrm:.
#pragma once

#include <array>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <tuple>

#include "serve/gathering_queue.h"

namespace vlrm {

class Metrics {
 public:
  explicit Metrics(std::string model) : model_(std::move(model)) {}

  // A request that was answered. `handler`: the route, or "other", so that clients cannot make up labels.
  void add(std::string_view handler, const std::string& method, int status, double seconds);
  // All of it. Bytes of requests that are in memory now; images that were encoded.
  std::string text(const GatheringCounts& counts, int64_t bytes_in_memory, int64_t images_encoded) const;

 private:
  static constexpr std::array<double, 13> kBounds{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60};
  struct Latency {
    std::array<int64_t, kBounds.size()> within{};
    int64_t count = 0;
    double sum = 0;
  };

  const std::string model_;
  mutable std::mutex mutex_;
  std::map<std::tuple<std::string, std::string, int>, int64_t> requests_;  // handler, method, hundreds of the status
  Latency latency_;  // of routes that give rewards, answered with 200
};

}  // namespace vlrm
