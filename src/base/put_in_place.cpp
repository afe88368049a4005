#include "base/put_in_place.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include <cerrno>

#include "base/claim_file.h"
#include "base/error.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

fs::path aside_of(const fs::path& to) {
  return hidden_sibling(to, "old");
}

bool is_there(const fs::path& path) {
  std::error_code error;
  return fs::exists(fs::symlink_status(path, error));
}

// An errno, or 0.
int renamed(const fs::path& from, const fs::path& to, unsigned flags = 0) {
  const bool done = flags == 0 ? ::rename(from.c_str(), to.c_str()) == 0
                               : ::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), flags) == 0;
  return done ? 0 : errno;
}

bool has_no_flags(int error) {
  return error == EINVAL || error == ENOSYS || error == EOPNOTSUPP || error == EPERM;
}

int put_where_nothing_is(const fs::path& from, const fs::path& to) {
  const int error = renamed(from, to, RENAME_NOREPLACE);
  if (!has_no_flags(error)) return error;
  return is_there(to) ? EEXIST : renamed(from, to);
}

// Something stands at `to`, which is gone afterwards.
int exchange(const fs::path& from, const fs::path& to) {
  std::error_code stays;
  int error = renamed(from, to, RENAME_EXCHANGE);
  if (error == 0) fs::remove_all(from, stays);
  if (!has_no_flags(error)) return error;
  const fs::path aside = aside_of(to);
  error = renamed(to, aside);
  if (error != 0) return error;
  error = renamed(from, to);
  if (error != 0)
    renamed(aside, to);
  else
    fs::remove_all(aside, stays);
  return error;
}

bool is_folder(const fs::path& path) {
  std::error_code error;
  return fs::is_directory(fs::symlink_status(path, error));
}

}  // namespace

void put_in_place(const fs::path& from, const fs::path& to, bool replace) {
  int error = 0;
  if (!replace || !is_there(to))
    error = put_where_nothing_is(from, to);
  else
    error = is_folder(from) ? exchange(from, to) : renamed(from, to);
  if (error == EEXIST && !replace) fail("{}: exists already; `force` replaces it", to.string());
  if (error != 0) fail_with_errno(error, "{}: cannot be put in its place", to.string());
}

void take_back(const fs::path& to) {
  const fs::path aside = aside_of(to);
  std::error_code stays;
  if (!is_there(aside)) return;
  if (is_there(to))
    fs::remove_all(aside, stays);
  else
    renamed(aside, to);
}

void refuse_mount_point(const fs::path& target) {
  struct statx facts {};
  const bool known = ::statx(AT_FDCWD, target.c_str(), AT_SYMLINK_NOFOLLOW, STATX_TYPE, &facts) == 0 &&
                     (facts.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) != 0;
  if (known && (facts.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0)
    fail("{}: is a mount point, which nothing can replace; name a new directory in it", target.string());
}

}  // namespace vlrm
