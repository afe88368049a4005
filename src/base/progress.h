// Progress of long work: a bar with rate and time left on a terminal, plain lines now and then in a log.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>

namespace vlrm {

// Safe to advance from any thread. Writes to standard error only, and only where the program's --quiet was not given.
class Progress {
 public:
  enum class Unit { bytes, samples };
  // `total` in units; `label` is one or two words ("merging").
  Progress(std::string label, int64_t total, Unit unit);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  void advance(int64_t amount);
  // What is at work now, said beside the amount.
  void set_detail(std::string detail);

  static void set_quiet(bool quiet);

 private:
  void show(bool last);
  std::string line(double seconds) const;
  const std::string label_;
  const int64_t total_;
  const Unit unit_;
  const std::chrono::steady_clock::time_point start_;
  const bool terminal_;
  std::atomic<int64_t> done_{0};
  std::atomic<int64_t> next_show_ms_;
  std::mutex mutex_;
  std::string detail_;  // under the mutex
};

// 1536 → "1.5 KiB".
std::string human_bytes(double bytes);

}  // namespace vlrm
