// What threads use by turns and what is dear to make anew: fresh memory costs a page fault every 4 KiB.
#pragma once

#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace vlrm {

// From any thread.
template <class T>
class Pool {
 public:
  // One that was given back, or null where there is none.
  std::unique_ptr<T> take() {
    const std::lock_guard lock(mutex_);
    if (idle_.empty()) return nullptr;
    auto one = std::move(idle_.back());
    idle_.pop_back();
    return one;
  }

  void give_back(std::unique_ptr<T> one) {
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(one));
  }

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<T>> idle_;
};

}  // namespace vlrm
