#include "base/disk_space.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/error.h"
#include "base/progress.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

// The path, or the nearest directory above it that is there.
fs::path existing_part(const fs::path& path) {
  std::error_code error;
  fs::path existing = fs::absolute(path, error);
  while (!error && !fs::exists(existing, error) && existing.has_relative_path()) existing = existing.parent_path();
  return existing;
}

// Some directories that tell of no room, such as /proc, take nothing, whatever access() says.
void try_to_write(const fs::path& path, const fs::path& directory) {
  const fs::path trial = directory / fmt::format(".vlrm-trial-{}", ::getpid());
  std::error_code error;
  fs::create_directory(trial, error);
  if (error) fail_with_errno(error.value(), "{}: cannot be made in {}", path.string(), directory.string());
  fs::remove(trial, error);
}

}  // namespace

std::optional<int64_t> free_space(const fs::path& path) {
  std::error_code error;
  const fs::space_info space = fs::space(existing_part(path), error);
  if (error || space.capacity == 0) return std::nullopt;  // as of /proc, and of network disks that do not count
  return static_cast<int64_t>(std::min<uintmax_t>(space.available, INT64_MAX));
}

void require_space(const fs::path& path, int64_t bytes) {
  const auto available = free_space(path);
  if (available && *available < bytes)
    fail_for_now("{}: there is too little room on the disk: {} are needed, {} are free", path.string(),
                 human_bytes(static_cast<double>(bytes)), human_bytes(static_cast<double>(*available)));
}

void require_writable(const fs::path& path) {
  const fs::path existing = existing_part(fs::absolute(path).parent_path());
  std::error_code error;
  if (!fs::is_directory(existing, error))
    fail("{}: cannot be made: {} is not a directory", path.string(), existing.string());
  if (::access(existing.c_str(), W_OK) != 0)
    fail_with_errno(errno, "{}: cannot be made in {}", path.string(), existing.string());
  if (!free_space(existing)) try_to_write(path, existing);
}

}  // namespace vlrm
