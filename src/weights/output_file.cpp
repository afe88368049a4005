#include "weights/output_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/interrupt.h"

namespace vlrm {
namespace {

// What O_DIRECT asks of offsets and addresses is less on most devices; and a page of the page cache is never written
// both ways at once.
const int64_t kPage = std::max<int64_t>(4096, ::sysconf(_SC_PAGESIZE));
// Below this a direct write waits longer for the device than copying takes.
constexpr int64_t kLeastDirect = 64 * 1024;

}  // namespace

OutputFile::OutputFile(std::filesystem::path path, int64_t size, Contents contents)
    : path_(std::move(path)),
      descriptor_(
          ::open(path_.c_str(), O_WRONLY | O_CREAT | (contents == Contents::kept ? 0 : O_TRUNC) | O_CLOEXEC, 0644)) {
  if (descriptor_ < 0) fail_with_errno(errno, "{}: cannot be created", path_.string());
  // Reserving the blocks tells now, and not after minutes of work, that the disk is too small.
  if (size > 0 && ::fallocate(descriptor_, 0, 0, size) != 0 &&
      !(errno == EOPNOTSUPP && ::ftruncate(descriptor_, size) == 0)) {
    const int error = errno;
    ::close(descriptor_);
    fail_with_errno(error, "{}: cannot be made {} bytes long", path_.string(), size);
  }
  if (size >= kLeastDirect) direct_descriptor_ = ::open(path_.c_str(), O_WRONLY | O_DIRECT | O_CLOEXEC);
}

OutputFile::~OutputFile() {
  if (direct_descriptor_ >= 0) ::close(direct_descriptor_);
  if (descriptor_ >= 0) ::close(descriptor_);
}

void OutputFile::write_or_throw(int64_t offset, std::span<const std::byte> bytes) {
  const int64_t head = std::min((kPage - offset % kPage) % kPage, std::ssize(bytes));
  const int64_t pages = write_pages(offset + head, bytes.subspan(static_cast<size_t>(head)));
  if (pages == 0) return write_cached(offset, bytes);
  write_cached(offset, bytes.first(static_cast<size_t>(head)));
  write_cached(offset + head + pages, bytes.subspan(static_cast<size_t>(head + pages)));
}

// Writes the whole pages at the beginning of `bytes` directly and gives their size, or 0 where that cannot be done.
int64_t OutputFile::write_pages(int64_t offset, std::span<const std::byte> bytes) {
  const int64_t size = std::ssize(bytes) / kPage * kPage;
  const bool aligned = reinterpret_cast<uintptr_t>(bytes.data()) % kPage == 0;
  if (direct_descriptor_ < 0 || direct_refused_ || !aligned || size < kLeastDirect) return 0;
  for (int64_t done = 0; done < size;) {
    const ssize_t written =
        ::pwrite(direct_descriptor_, bytes.data() + done, static_cast<size_t>(size - done), offset + done);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && errno == EINVAL && done == 0) {  // stricter than pages
      direct_refused_ = true;
      return 0;
    }
    if (written <= 0) fail_at(offset + done, written < 0 ? errno : ENOSPC);
    done += written;
    if (done % kPage != 0) {  // the device took part of a page: the rest goes the other way
      write_cached(offset + done, bytes.subspan(static_cast<size_t>(done), static_cast<size_t>(size - done)));
      return size;
    }
  }
  return size;
}

void OutputFile::write_cached(int64_t offset, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(descriptor_, bytes.data(), bytes.size(), offset);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) fail_at(offset, written < 0 ? errno : ENOSPC);
    bytes = bytes.subspan(static_cast<size_t>(written));
    offset += written;
  }
}

void OutputFile::fail_at(int64_t offset, int error) const {
  fail_with_errno(error, "{}: cannot be written at byte {}", path_.string(), offset);
}

void OutputFile::flush_or_throw() const {
  if (::fdatasync(descriptor_) != 0) fail_with_errno(errno, "{}: cannot be flushed to disk", path_.string());
}

void OutputFile::close_or_throw() {
  if (direct_descriptor_ >= 0) ::close(std::exchange(direct_descriptor_, -1));
  const int descriptor = std::exchange(descriptor_, -1);
  if (::close(descriptor) != 0) fail_with_errno(errno, "{}: cannot be written", path_.string());
}

std::span<std::byte> WriteBuffer::prepare(int64_t offset, int64_t size) {
  const auto needed = static_cast<size_t>(size + kPage);
  if (memory_.size() < needed) memory_.resize(needed);
  const auto address = reinterpret_cast<uintptr_t>(memory_.data());
  const auto shift = (static_cast<uintptr_t>(offset) - address) % kPage;
  return std::span(memory_).subspan(shift, static_cast<size_t>(size));
}

void copy_file_bytes(const std::filesystem::path& source, const std::filesystem::path& target) {
  const File from = File::open_or_throw(source);
  OutputFile to(target, from.size());
  WriteBuffer buffer;
  constexpr int64_t kChunk = 4 << 20;
  for (int64_t offset = 0; offset < from.size(); offset += kChunk) {
    throw_if_interrupted();
    const std::span<std::byte> chunk = buffer.prepare(offset, std::min(kChunk, from.size() - offset));
    from.read_or_throw(offset, chunk);
    to.write_or_throw(offset, chunk);
  }
  to.close_or_throw();
}

}  // namespace vlrm
