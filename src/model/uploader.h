// Weights on their way to a device: the host fills a pinned buffer while the one before is copied.
#pragma once

#include <c10/core/Event.h>

#include <array>
#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>

#include "model/aten.h"

namespace vlrm {

// Safe from several threads, which then take turns.
class Uploader {
 public:
  // Allocates two buffers of `buffer_bytes` when it first sends something. It sends nothing to a CPU.
  explicit Uploader(const at::Device& device, int64_t buffer_bytes = int64_t{64} << 20)
      : device_(device), buffer_bytes_(buffer_bytes) {}
  ~Uploader();
  Uploader(const Uploader&) = delete;
  Uploader& operator=(const Uploader&) = delete;

  // Writes elements [first, first + count) of a tensor to `out`, in the type of the tensor on the device.
  using Fill = std::function<void(int64_t first, int64_t count, std::byte* out)>;
  // Fills `target`, dense memory of the device, piece by piece. What the device does next sees its values; the host
  // waits for a buffer only, never for the device to be idle.
  void upload(const at::Tensor& target, const Fill& fill);

 private:
  struct Buffer {
    at::Tensor memory;  // bytes, pinned
    int64_t used = 0;
    std::optional<c10::Event> copied;
  };
  Buffer& buffer_with_room(int64_t bytes);

  const at::Device device_;
  const int64_t buffer_bytes_;
  std::mutex mutex_;
  std::array<Buffer, 2> buffers_;
  size_t current_ = 0;
};

}  // namespace vlrm
