#include "base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/error.h"

namespace vlrm {

File::File(std::filesystem::path path, int descriptor, const Version& version)
    : path_(std::move(path)), descriptor_(descriptor), size_(version.size), version_(version) {}

File::File(File&& other) noexcept
    : path_(std::move(other.path_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      size_(other.size_),
      version_(other.version_) {}

File& File::operator=(File&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(descriptor_, other.descriptor_);
  std::swap(size_, other.size_);
  std::swap(version_, other.version_);
  return *this;
}

File::~File() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

File File::open_or_throw(const std::filesystem::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // a pipe must not make us wait
  if (descriptor < 0) fail_with_errno(errno, "{}: cannot open", path.string());
  struct stat facts {};
  if (::fstat(descriptor, &facts) != 0 || !S_ISREG(facts.st_mode)) {
    ::close(descriptor);
    fail("{}: not a regular file", path.string());
  }
  return File(path, descriptor,
              {facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtim.tv_sec, facts.st_mtim.tv_nsec});
}

void File::read_or_throw(int64_t offset, std::span<std::byte> out) const {
  // Linux reads at most about 2 GiB a call.
  constexpr size_t kLargestRead = size_t{1} << 30;
  size_t done = 0;
  while (done < out.size()) {
    const size_t wanted = std::min(out.size() - done, kLargestRead);
    const ssize_t got = ::pread(descriptor_, out.data() + done, wanted, offset + static_cast<int64_t>(done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0)
      fail_with_errno(errno, "{}: cannot read at byte {}", path_.string(), offset + static_cast<int64_t>(done));
    if (got == 0)
      fail("{}: ends at byte {}, {} bytes too early: the file is truncated", path_.string(),
           offset + static_cast<int64_t>(done), out.size() - done);
    done += static_cast<size_t>(got);
  }
}

void File::prefetch(int64_t offset, int64_t size) const {
  ::posix_fadvise(descriptor_, offset, size, POSIX_FADV_WILLNEED);
}

void refuse_lfs_pointer(std::string_view beginning, const std::string& name) {
  if (beginning.starts_with("version https://git-lfs.github.com/spec/"))
    fail("{}: is a Git LFS pointer, not the file itself; fetch that with: git lfs pull", name);
}

void refuse_lfs_pointer(const File& file) {
  constexpr int64_t kLongest = 1024;  // of a pointer
  if (file.size() > kLongest) return;
  std::string beginning(static_cast<size_t>(file.size()), '\0');
  file.read_or_throw(0, std::as_writable_bytes(std::span(beginning)));
  refuse_lfs_pointer(beginning, file.path().string());
}

std::string read_text_or_throw(const std::filesystem::path& path, int64_t limit) {
  const File file = File::open_or_throw(path);
  if (file.size() > limit) fail("{}: {} bytes, more than the {} allowed here", path.string(), file.size(), limit);
  std::string text(static_cast<size_t>(file.size()), '\0');
  file.read_or_throw(0, std::as_writable_bytes(std::span(text)));
  refuse_lfs_pointer(text, path.string());
  return text;
}

void write_all_or_throw(int descriptor, std::string_view bytes, const std::string& name) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) fail_with_errno(written < 0 ? errno : ENOSPC, "{}: cannot be written", name);
    bytes.remove_prefix(static_cast<size_t>(written));
  }
}

}  // namespace vlrm
