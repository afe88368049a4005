// Work over libtorch's threads, which stay between calls: a decoder asks for them at every matrix of every token.
#pragma once

#include <ATen/Parallel.h>

namespace vlrm {

// Calls task(index) for each index in [0, count), each once. The first exception is rethrown here. Inside of another
// parallel region it runs on this thread alone.
template <class Task>
void parallel_tasks(int64_t count, const Task& task) {
  at::parallel_for(0, count, 1, [&](int64_t first, int64_t last) {
    for (int64_t index = first; index < last; ++index) task(index);
  });
}

}  // namespace vlrm
