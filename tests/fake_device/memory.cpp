#include "memory.h"

#include <ATen/ops/from_blob.h>
#include <c10/util/Exception.h>
#include <execinfo.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <map>
#include <mutex>

#include "pinned_memory.h"
#include "settings.h"

namespace fake_device {
namespace {

constexpr size_t kPage = 4096;

struct Block {
  size_t bytes = 0;  // whole pages
  int device = 0;
  int users = 0;  // how many Access objects let the host touch it
};

std::mutex mutex;
std::map<const void*, Block>& blocks() {
  static auto* all = new std::map<const void*, Block>;  // never freed: tensors may be freed after static objects are
  return *all;
}

// Small blocks that were freed, for reuse: new pages of the system take longer than most operations here.
constexpr size_t kReused = size_t{1} << 20;
std::multimap<size_t, void*>& free_blocks() {
  static auto* all = new std::multimap<size_t, void*>;
  return *all;
}

MemoryUse use;
int64_t used_of[kDevices] = {};
thread_local int current = 0;

void allow(const void* begin, size_t bytes, bool allowed) {
  TORCH_CHECK(::mprotect(const_cast<void*>(begin), bytes, allowed ? PROT_READ | PROT_WRITE : PROT_NONE) == 0,
              "fake device: mprotect failed");
}

void free_block(void* begin) {
  if (begin == nullptr) return;
  const std::lock_guard lock(mutex);
  const auto found = blocks().find(begin);
  if (found == blocks().end()) return;
  const Block& block = found->second;
  use.now -= static_cast<int64_t>(block.bytes);
  used_of[block.device] -= static_cast<int64_t>(block.bytes);
  if (block.bytes <= kReused)
    free_blocks().emplace(block.bytes, begin);
  else
    ::munmap(begin, block.bytes);
  blocks().erase(found);
}

// Protected pages that hold NaNs.
void* new_pages(size_t bytes) {
  void* begin = nullptr;
  if (const auto found = free_blocks().find(bytes); found != free_blocks().end()) {
    begin = found->second;
    free_blocks().erase(found);
  } else {
    begin = ::mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    TORCH_CHECK(begin != MAP_FAILED, "fake device: mmap failed");
  }
  if (settings().dry) return begin;
  allow(begin, bytes, true);
  std::memset(begin, 0xff, bytes);  // NaN in every floating-point type
  allow(begin, bytes, false);
  return begin;
}

bool is_device_memory(const void* address) {
  const auto after = blocks().upper_bound(address);
  if (after == blocks().begin()) return false;
  const auto& [begin, block] = *std::prev(after);
  return static_cast<const std::byte*>(address) < static_cast<const std::byte*>(begin) + block.bytes;
}

// Takes no lock and allocates nothing of its own: the program ends here in any case.
void on_fault(int, siginfo_t* info, void*) {
  const char* text = is_device_memory(info->si_addr) ? "\nfake device: the CPU touched device memory, here:\n"
                                                     : "\nsegmentation fault, here:\n";
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, text, std::strlen(text));
  void* frames[40];
  ::backtrace_symbols_fd(frames, ::backtrace(frames, 40), STDERR_FILENO);
  ::_exit(128 + SIGSEGV);
}

class Allocator final : public c10::DeviceAllocator {
 public:
  Allocator() {
    struct sigaction action = {};
    action.sa_sigaction = on_fault;
    action.sa_flags = SA_SIGINFO;
    ::sigaction(SIGSEGV, &action, nullptr);
    ::sigaction(SIGBUS, &action, nullptr);
  }

  c10::DataPtr allocate(size_t bytes) override {
    const c10::Device device(c10::DeviceType::PrivateUse1, static_cast<c10::DeviceIndex>(current));
    if (bytes == 0) return {nullptr, nullptr, free_block, device};
    const size_t whole = (bytes + kPage - 1) / kPage * kPage;
    const auto size = static_cast<int64_t>(whole);
    const std::lock_guard lock(mutex);
    TORCH_CHECK_WITH(OutOfMemoryError, used_of[current] + size <= settings().memory,
                     "fake device out of memory. Tried to allocate ", bytes, " bytes; ", used_of[current],
                     " are in use of ", settings().memory);
    void* begin = new_pages(whole);
    blocks()[begin] = {whole, current, 0};
    used_of[current] += size;
    use.now += size;
    use.peak = std::max(use.peak, use.now);
    return {begin, begin, free_block, device};
  }
  c10::DeleterFnPtr raw_deleter() const override { return free_block; }
  void copy_data(void*, const void*, size_t) const override { TORCH_CHECK(false, "fake device: copy_data"); }

  bool initialized() override { return true; }
  void emptyCache(c10::MempoolId_t) override {}
  void recordStream(const c10::DataPtr&, c10::Stream) override {}
  c10::CachingDeviceAllocator::DeviceStats getDeviceStats(c10::DeviceIndex) override { return {}; }
  void resetAccumulatedStats(c10::DeviceIndex) override {}
  void resetPeakStats(c10::DeviceIndex) override { restart_peak(); }
  // Free and total bytes.
  std::pair<size_t, size_t> getMemoryInfo(c10::DeviceIndex device) override {
    const std::lock_guard lock(mutex);
    const int64_t total = settings().memory;
    return {static_cast<size_t>(total - used_of[std::max<int>(device, 0)]), static_cast<size_t>(total)};
  }
};

}  // namespace

int current_device() {
  return current;
}
void set_current_device(int index) {
  TORCH_CHECK(index >= 0 && index < kDevices, "fake device: there is no device ", index);
  current = index;
}

MemoryUse memory_use() {
  const std::lock_guard lock(mutex);
  return use;
}
void restart_peak() {
  const std::lock_guard lock(mutex);
  use.peak = use.now;
}

c10::DeviceAllocator& allocator() {
  static auto* only = new Allocator;
  return *only;
}

Access::Access(std::span<const at::Tensor> tensors) {
  if (settings().dry) return;
  finish_delayed_copies();
  const std::lock_guard lock(mutex);
  for (const at::Tensor& tensor : tensors) {
    if (!tensor.defined() || !tensor.is_privateuseone()) continue;
    const auto block = blocks().find(tensor.storage().data());
    if (block == blocks().end()) continue;  // a tensor without elements has no block
    if (block->second.users++ == 0) allow(block->first, block->second.bytes, true);
    blocks_.push_back(block->first);
  }
}

Access::~Access() {
  const std::lock_guard lock(mutex);
  for (const void* begin : blocks_) {
    Block& block = blocks().at(begin);
    if (--block.users == 0) allow(begin, block.bytes, false);
  }
}

at::Tensor as_cpu(const at::Tensor& tensor) {
  auto* begin = static_cast<std::byte*>(const_cast<void*>(tensor.storage().data()));
  begin += tensor.storage_offset() * static_cast<int64_t>(tensor.element_size());
  return at::from_blob(begin, tensor.sizes(), tensor.strides(), tensor.options().device(at::kCPU));
}

}  // namespace fake_device
