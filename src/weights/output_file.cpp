#include "weights/output_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/interrupt.h"

namespace vlrm {

OutputFile::OutputFile(std::filesystem::path path, int64_t size)
    : path_(std::move(path)), descriptor_(::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)) {
  if (descriptor_ < 0) fail("{}: cannot be created: {}", path_.string(), std::strerror(errno));
  // Reserving the blocks tells now, and not after minutes of work, that the disk is too small.
  if (size == 0 || ::fallocate(descriptor_, 0, 0, size) == 0) return;
  if (errno == EOPNOTSUPP && ::ftruncate(descriptor_, size) == 0) return;
  const int error = errno;
  ::close(descriptor_);
  fail("{}: cannot be made {} bytes long: {}", path_.string(), size, std::strerror(error));
}

OutputFile::~OutputFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void OutputFile::write_or_throw(int64_t offset, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(descriptor_, bytes.data(), bytes.size(), offset);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0)
      fail("{}: cannot be written at byte {}: {}", path_.string(), offset, std::strerror(written < 0 ? errno : ENOSPC));
    bytes = bytes.subspan(static_cast<size_t>(written));
    offset += written;
  }
}

void OutputFile::close_or_throw() {
  const int descriptor = std::exchange(descriptor_, -1);
  if (::close(descriptor) != 0) fail("{}: cannot be written: {}", path_.string(), std::strerror(errno));
}

void copy_file_bytes(const std::filesystem::path& source, const std::filesystem::path& target) {
  const File from = File::open_or_throw(source);
  OutputFile to(target, from.size());
  std::vector<std::byte> chunk(1 << 20);
  for (int64_t offset = 0; offset < from.size(); offset += static_cast<int64_t>(chunk.size())) {
    throw_if_interrupted();
    chunk.resize(std::min(chunk.size(), static_cast<size_t>(from.size() - offset)));
    from.read_or_throw(offset, chunk);
    to.write_or_throw(offset, chunk);
  }
  to.close_or_throw();
}

}  // namespace vlrm
