#include "base/temporary_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "base/error.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

fs::path temporary_directory() {
  const char* chosen = std::getenv("TMPDIR");
  return chosen != nullptr && *chosen != '\0' ? chosen : "/tmp";
}

// Of a file that has no name from the start, or, where the file system has no such files, loses it at once.
int open_without_name(const fs::path& directory) {
  const int unnamed = ::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (unnamed >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)) return unnamed;
  std::string name = directory / "vlrm-XXXXXX";
  const int named = ::mkostemp(name.data(), O_CLOEXEC);
  if (named >= 0) ::unlink(name.c_str());
  return named;
}

}  // namespace

TemporaryFile::TemporaryFile() : directory_(temporary_directory()), descriptor_(open_without_name(directory_)) {
  if (descriptor_ < 0)
    fail_with_errno(errno, "{}: cannot hold a temporary file; TMPDIR names another directory", directory_.string());
}

TemporaryFile::~TemporaryFile() {
  ::close(descriptor_);
}

fs::path TemporaryFile::path() const {
  return fmt::format("/proc/self/fd/{}", descriptor_);
}

}  // namespace vlrm
