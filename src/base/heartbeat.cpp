#include "base/heartbeat.h"

#include <algorithm>

namespace vlrm {

void Heartbeat::add(const std::shared_ptr<Member>& member) {
  const std::lock_guard lock(mutex_);
  member->next_ = std::chrono::steady_clock::now() + member->interval_;
  if (!thread_.joinable()) thread_ = std::jthread([this](const std::stop_token& stop) { beat(stop); });
  members_.push_back(member);
  changed_.notify_all();
}

void Heartbeat::remove(const std::shared_ptr<Member>& member) {
  std::jthread ended;  // joined at the end, without the lock
  {
    const std::lock_guard lock(mutex_);
    std::erase(members_, member);
    if (members_.empty() && thread_.joinable()) {
      ended = std::move(thread_);
      ended.request_stop();
      changed_.notify_all();
    }
  }
  const std::lock_guard none_is_renewed(beating_);
}

void Heartbeat::beat(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    const auto now = std::chrono::steady_clock::now();
    auto next = now + std::chrono::hours(1);
    std::vector<std::shared_ptr<Member>> due;
    for (const auto& member : members_) {
      if (member->next_ <= now) {
        due.push_back(member);
        member->next_ = now + member->interval_;
      }
      next = std::min(next, member->next_);
    }
    if (due.empty()) {
      changed_.wait_until(lock, next);
      continue;
    }
    const std::lock_guard renewing(beating_);
    lock.unlock();  // a disk that hangs is no reason for others to wait
    for (const auto& member : due) member->renew();
    lock.lock();
  }
}

}  // namespace vlrm
