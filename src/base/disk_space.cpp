#include "base/disk_space.h"

#include <algorithm>

#include "base/error.h"
#include "base/progress.h"

namespace fs = std::filesystem;

namespace vlrm {

std::optional<int64_t> free_space(const fs::path& path) {
  std::error_code error;
  fs::path existing = fs::absolute(path, error);
  while (!error && !fs::exists(existing, error) && existing.has_relative_path()) existing = existing.parent_path();
  const fs::space_info space = fs::space(existing, error);
  if (error) return std::nullopt;
  return static_cast<int64_t>(std::min<uintmax_t>(space.available, INT64_MAX));
}

void require_space(const fs::path& path, int64_t bytes) {
  const auto available = free_space(path);
  if (available && *available < bytes)
    fail("{}: there is too little room on the disk: {} are needed, {} are free", path.string(),
         human_bytes(static_cast<double>(bytes)), human_bytes(static_cast<double>(*available)));
}

}  // namespace vlrm
