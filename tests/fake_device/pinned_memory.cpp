#include "pinned_memory.h"

#include <cstring>
#include <mutex>
#include <new>
#include <set>
#include <utility>
#include <vector>

#include "memory.h"

namespace fake_device {
namespace {

std::mutex pinned_mutex;
std::set<const void*>& pinned_blocks() {
  static auto* all = new std::set<const void*>;  // never freed: tensors may be freed after static objects are
  return *all;
}

void free_pinned(void* begin) {
  if (begin == nullptr) return;
  const std::lock_guard lock(pinned_mutex);
  pinned_blocks().erase(begin);
  ::operator delete(begin, std::align_val_t(64));
}

class PinnedAllocator final : public c10::Allocator {
 public:
  c10::DataPtr allocate(size_t bytes) override {
    void* begin = ::operator new(std::max<size_t>(bytes, 1), std::align_val_t(64));
    const std::lock_guard lock(pinned_mutex);
    pinned_blocks().insert(begin);
    return {begin, begin, &free_pinned, c10::DeviceType::CPU};
  }
  c10::DeleterFnPtr raw_deleter() const override { return &free_pinned; }
  void copy_data(void* to, const void* from, size_t bytes) const override { std::memcpy(to, from, bytes); }
};

struct DelayedCopy {
  at::Tensor source, target;
};

// Held while copies are done: who waits for them then waits for all of them. A copy accesses the device's memory, which
// asks for delayed copies once more.
std::recursive_mutex delayed_mutex;
std::vector<DelayedCopy>& delayed_copies() {
  static auto* all = new std::vector<DelayedCopy>;  // never freed, as above
  return *all;
}

}  // namespace

void delay_copy(const at::Tensor& source, const at::Tensor& target) {
  const std::lock_guard lock(delayed_mutex);
  delayed_copies().push_back({source, target});
}

void finish_delayed_copies() {
  const std::lock_guard lock(delayed_mutex);
  const std::vector<DelayedCopy> copies = std::exchange(delayed_copies(), {});
  for (const DelayedCopy& copy : copies) {
    const Access access({&copy.target, 1});
    as_cpu(copy.target).copy_(copy.source);
  }
}

c10::Allocator& pinned_allocator() {
  static auto* only = new PinnedAllocator;
  return *only;
}

bool is_pinned(const void* begin) {
  const std::lock_guard lock(pinned_mutex);
  return pinned_blocks().contains(begin);
}

}  // namespace fake_device
