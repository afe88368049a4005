#include "model/uploader.h"

#include <ATen/ops/empty.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <algorithm>

namespace vlrm {
namespace {

constexpr int64_t kAligned = 256;

}  // namespace

// What is still being copied must not be freed; a device that failed has nothing more to copy.
Uploader::~Uploader() {
  for (Buffer& buffer : buffers_) {
    try {
      if (buffer.copied) buffer.copied->synchronize();
    } catch (const c10::Error&) {
    }
  }
}

// The current one, or the other one once its copies are done.
Uploader::Buffer& Uploader::buffer_with_room(int64_t bytes) {
  if (buffers_[current_].used + bytes > buffer_bytes_) {
    Buffer& full = buffers_[current_];
    full.copied.emplace(device_.type());
    full.copied->record(c10::impl::VirtualGuardImpl(device_.type()).getStream(device_));
    current_ = 1 - current_;
    Buffer& next = buffers_[current_];
    if (next.copied) next.copied->synchronize();
    next.copied.reset();
    next.used = 0;
  }
  Buffer& buffer = buffers_[current_];
  if (!buffer.memory.defined())
    buffer.memory = at::empty({buffer_bytes_}, at::TensorOptions().dtype(at::kByte).pinned_memory(true));
  return buffer;
}

void Uploader::upload(const at::Tensor& target, const Fill& fill) {
  const std::lock_guard lock(mutex_);
  const at::Tensor flat = target.view({-1});
  const auto size = static_cast<int64_t>(flat.element_size());
  for (int64_t first = 0; first < flat.numel();) {
    Buffer& buffer = buffer_with_room(size);
    const int64_t count = std::min(flat.numel() - first, (buffer_bytes_ - buffer.used) / size);
    const at::Tensor piece = buffer.memory.narrow(0, buffer.used, count * size);
    fill(first, count, static_cast<std::byte*>(piece.mutable_data_ptr()));
    flat.narrow(0, first, count).copy_(piece.view(flat.scalar_type()), /*non_blocking=*/true);
    buffer.used = (buffer.used + count * size + kAligned - 1) / kAligned * kAligned;
    first += count;
  }
}

}  // namespace vlrm
