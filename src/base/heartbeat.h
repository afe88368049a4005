// What must be done again and again while something lives.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace vlrm {

// Calls renew() of all its members at their intervals, in one thread, which runs while there are any.
class Heartbeat {
 public:
  class Member {
   public:
    explicit Member(std::chrono::milliseconds interval) : interval_(interval) {}
    virtual ~Member() = default;
    virtual void renew() noexcept = 0;  // of one member at a time

   private:
    friend class Heartbeat;
    const std::chrono::milliseconds interval_;
    std::chrono::steady_clock::time_point next_{};
  };

  // Throws std::system_error where no thread can be started.
  void add(const std::shared_ptr<Member>& member);
  // Returns when no renew() of it runs any more.
  void remove(const std::shared_ptr<Member>& member);

 private:
  void beat(const std::stop_token& stop);
  std::mutex mutex_, beating_;
  std::condition_variable changed_;
  std::vector<std::shared_ptr<Member>> members_;
  std::jthread thread_;
};

}  // namespace vlrm
