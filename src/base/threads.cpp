#include "base/threads.h"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/interrupt.h"

namespace vlrm {
namespace {

std::atomic<int> chosen_count{0};

int available_cores() {
  cpu_set_t cores;
  if (::sched_getaffinity(0, sizeof cores, &cores) == 0) return std::max(1, CPU_COUNT(&cores));
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

}  // namespace

int thread_count() {
  const int chosen = chosen_count.load();
  return chosen > 0 ? chosen : available_cores();
}

void set_thread_count(int count) {
  if (count < 0 || count > 1024) fail("threads: {} is not between 0 (all cores) and 1024", count);
  chosen_count.store(count);
}

void parallel_for(int64_t count, const std::function<void(int64_t)>& task, int workers) {
  const auto body = [&](int64_t index) {
    throw_if_interrupted();
    task(index);
  };
  const int64_t used = std::min<int64_t>(workers, count);
  if (used <= 1) {
    for (int64_t index = 0; index < count; ++index) body(index);
    return;
  }
  std::atomic<int64_t> next{0};
  std::exception_ptr first_error;
  std::mutex error_mutex;
  const auto work = [&] {
    try {
      for (int64_t index = next++; index < count; index = next++) body(index);
    } catch (...) {
      next.store(count);
      const std::lock_guard lock(error_mutex);
      if (!first_error) first_error = std::current_exception();
    }
  };
  {
    std::vector<std::jthread> threads;
    for (int64_t i = 1; i < used; ++i) threads.emplace_back(with_this_listener(std::cref(work)));
    work();
  }
  if (first_error) std::rethrow_exception(first_error);
}

}  // namespace vlrm
