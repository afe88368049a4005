#include "serve/connection_threads.h"

#include "base/error.h"

namespace vlrm {
namespace {

// cpp-httplib matches what clients send, up to 8,192 characters, with std::regex, which takes more than a MiB of stack
// for them. The system's default may be less.
constexpr size_t kStack = size_t{8} << 20;

}  // namespace

bool ConnectionThreads::add_thread() {
  pthread_attr_t attributes;
  if (::pthread_attr_init(&attributes) != 0) return false;
  pthread_t thread{};
  const auto run = [](void* self) -> void* {
    static_cast<ConnectionThreads*>(self)->work();
    return nullptr;
  };
  const bool made =
      ::pthread_attr_setstacksize(&attributes, kStack) == 0 && ::pthread_create(&thread, &attributes, run, this) == 0;
  ::pthread_attr_destroy(&attributes);
  if (made) threads_.push_back(thread);
  return made;
}

ConnectionThreads::Taken ConnectionThreads::enqueue(std::function<void()> connection) {
  const std::lock_guard lock(mutex_);
  waiting_.push_back(std::move(connection));
  if (waiting_.size() > idle_ && threads_.size() < most_ && !add_thread() && threads_.empty())
    fail_for_now("no thread for a connection can be made");  // with those that are there it takes longer
  changed_.notify_one();
  return Taken(true);
}

void ConnectionThreads::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    ++idle_;
    changed_.wait(lock, [&] { return ending_ || !waiting_.empty(); });
    --idle_;
    if (waiting_.empty()) return;
    const std::function<void()> connection = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    connection();
    lock.lock();
  }
}

void ConnectionThreads::shutdown() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  for (const pthread_t thread : threads_) ::pthread_join(thread, nullptr);
  threads_.clear();
}

}  // namespace vlrm
