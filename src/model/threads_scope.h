// libtorch's threads, for the length of a call: a host program has a number of its own.
#pragma once

#include <ATen/Parallel.h>

namespace vlrm {

// While it lives, libtorch works on so many threads where this thread calls it. libtorch's number belongs to a thread,
// but for what threads begin with that have not called it yet: so it is set as rarely as can be, and put back.
class ThreadsScope {
 public:
  explicit ThreadsScope(int threads) : before_(at::get_num_threads()), changes_(threads != before_) {
    if (changes_) at::set_num_threads(threads);
  }
  ThreadsScope(const ThreadsScope&) = delete;
  ThreadsScope& operator=(const ThreadsScope&) = delete;
  ~ThreadsScope() {
    if (changes_) at::set_num_threads(before_);
  }

 private:
  int before_;
  bool changes_;
};

}  // namespace vlrm
