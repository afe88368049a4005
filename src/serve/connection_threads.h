// Threads for connections: as many as there are connections, up to a limit; others wait.
#pragma once

#include <httplib.h>
#include <pthread.h>

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <utility>
#include <vector>

namespace vlrm {

class ConnectionThreads : public httplib::TaskQueue {
 public:
  explicit ConnectionThreads(size_t most) : most_(most) {}
  ~ConnectionThreads() override { shutdown(); }

  // void, or bool (whether it was taken): by the version of cpp-httplib.
  using Taken = decltype(std::declval<httplib::TaskQueue&>().enqueue({}));
  Taken enqueue(std::function<void()> connection) override;
  // Ends when all connections that were accepted have ended.
  void shutdown() override;

 private:
  void work();
  bool add_thread();

  const size_t most_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> waiting_;
  std::vector<pthread_t> threads_;
  size_t idle_ = 0;
  bool ending_ = false;
};

}  // namespace vlrm
