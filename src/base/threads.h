// Work over several threads.
#pragma once

#include <cstdint>
#include <functional>

namespace vlrm {

// How many threads parallel_for uses unless told: what set_thread_count said, else the cores this process may run on.
int thread_count();
void set_thread_count(int count);  // 0: as many as there are cores. Throws Error below 0 or above 1024.

// Calls task(index) for each index in [0, count), each once, handed out in increasing order to `workers` threads;
// returns when all are done. The first exception stops the handing out and is rethrown here; an
// interrupt (interrupt.h) counts as one. Not to be nested.
void parallel_for(int64_t count, const std::function<void(int64_t index)>& task, int workers = thread_count());

}  // namespace vlrm
