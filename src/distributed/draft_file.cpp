#include "distributed/draft_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <utility>

#include "base/claim.h"
#include "base/claim_file.h"
#include "base/error.h"
#include "base/file.h"

namespace fs = std::filesystem;

namespace vlrm {

DraftFile::DraftFile(const fs::path& place)
    : place_(place),
      path_(hidden_sibling(place, random_id() + ".partial")),
      descriptor_(::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644)) {
  if (descriptor_ < 0) fail_with_errno(errno, "{}: cannot be written", place_.string());
}

DraftFile::~DraftFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (!renamed_) ::unlink(path_.c_str());
}

void DraftFile::write(std::string_view bytes) {
  write_all_or_throw(descriptor_, bytes, place_.string());
}

void DraftFile::flush() {
  const bool flushed = ::fsync(descriptor_) == 0;
  const int error = errno;
  if (::close(std::exchange(descriptor_, -1)) != 0 || !flushed)
    fail_with_errno(flushed ? errno : error, "{}: cannot be flushed to disk", place_.string());
}

// Some file systems know no fsync of folders, and keep names by themselves.
void DraftFile::sync_folder() const {
  const int folder = ::open(fs::absolute(place_).parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return;
  ::fsync(folder);
  ::close(folder);
}

void DraftFile::rename() {
  if (descriptor_ >= 0) flush();
  if (::rename(path_.c_str(), place_.c_str()) != 0) fail_with_errno(errno, "{}: cannot be written", place_.string());
  renamed_ = true;
  sync_folder();
}

bool DraftFile::link() {
  flush();
  if (::link(path_.c_str(), place_.c_str()) == 0) {
    sync_folder();
    return true;
  }
  if (errno == EEXIST) return false;
  if (errno != EPERM && errno != ENOSYS && errno != EOPNOTSUPP && errno != EMLINK && errno != EXDEV && errno != EINVAL)
    fail_with_errno(errno, "{}: cannot be written", place_.string());
  rename();
  return true;
}

}  // namespace vlrm
