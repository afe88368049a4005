// Progress of long work, for the listener of the thread that does it.
#pragma once

#include <vlrm/listener.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>

namespace vlrm {

// Safe to advance from any thread. Reports at most ten times a second, and at its end whether an exception ended it.
class Progress {
 public:
  using Unit = ProgressReport::Unit;
  // `total` in units; `label` is one or two words ("merging").
  Progress(std::string label, int64_t total, Unit unit);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  void advance(int64_t amount);
  // What is at work now, said beside the amount.
  void set_detail(std::string detail);

 private:
  void report(ProgressReport::State state);
  Listener* const listener_;
  const std::chrono::steady_clock::time_point start_;
  std::atomic<int64_t> finished_{0};
  std::atomic<int64_t> next_report_ms_;
  std::mutex mutex_;
  ProgressReport report_;  // under the mutex
};

// 1536 → "1.5 KiB".
std::string human_bytes(double bytes);

}  // namespace vlrm
