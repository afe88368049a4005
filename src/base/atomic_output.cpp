#include "base/atomic_output.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/file.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

void fsync_or_throw(const fs::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) fail("{}: cannot open: {}", path.string(), std::strerror(errno));
  const int result = ::fsync(descriptor);
  const int error = errno;
  ::close(descriptor);
  if (result != 0 && error != EINVAL) fail("{}: cannot be flushed to disk: {}", path.string(), std::strerror(error));
}

fs::path without_trailing_slash(const fs::path& path) {
  return path.has_filename() ? path : path.parent_path();
}

fs::path parent_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

// A process id means nothing on another host, which may write beside us on a shared disk.
std::string host() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown";
}

// Of a staging file or directory: PREFIX HOST-PID SUFFIX.
std::string staging_prefix(const fs::path& target) {
  return fmt::format(".{}.vlrm-", target.filename().string());
}
constexpr std::string_view kStagingSuffix = ".partial";

// What no process works at any more, for whichever host goes on with it.
fs::path left_sibling(const fs::path& target) {
  return parent_of(target) / fmt::format("{}left{}", staging_prefix(target), kStagingSuffix);
}

fs::path staging_sibling(const fs::path& target) {
  return parent_of(target) / fmt::format("{}{}-{}{}", staging_prefix(target), host(), ::getpid(), kStagingSuffix);
}

void refuse_what_is_not_ours(const fs::path& target, const std::string& marker) {
  std::error_code error;
  const bool directory = fs::is_directory(fs::symlink_status(target, error));
  if (!directory || !(fs::is_empty(target, error) || fs::exists(target / marker, error)))
    fail("{}: is not an output of vlrm (it has no {}), so --force does not replace it; remove it yourself",
         target.string(), marker);
}

struct Staging {
  fs::path path;
  std::string host;
  pid_t process;
};

// What a staging name says, or nothing where it is none of this prefix.
std::optional<Staging> parsed_staging(const fs::path& path, std::string_view prefix) {
  const std::string file = path.filename().string();
  std::string_view name = file;
  if (!name.starts_with(prefix) || !name.ends_with(kStagingSuffix)) return std::nullopt;
  name.remove_prefix(prefix.size());
  const size_t dash = name.rfind('-');
  if (dash == name.npos) return std::nullopt;
  pid_t process = 0;
  const auto [stop, error] = std::from_chars(name.data() + dash + 1, name.data() + name.size(), process);
  const bool whole = error == std::errc() && std::string_view(stop, name.data() + name.size()) == kStagingSuffix;
  if (!whole || process <= 0) return std::nullopt;
  return Staging{path, std::string(name.substr(0, dash)), process};
}

// All of this target, by name.
std::vector<Staging> stagings_of(const fs::path& target) {
  const std::string prefix = staging_prefix(target);
  std::error_code error;
  std::vector<Staging> stagings;
  for (const auto& entry : fs::directory_iterator(parent_of(target), error))
    if (auto staging = parsed_staging(entry.path(), prefix)) stagings.push_back(std::move(*staging));
  std::ranges::sort(stagings, {}, &Staging::path);
  return stagings;
}

// Those whose process is known to be gone, by name.
std::vector<fs::path> leftovers_of(const fs::path& target) {
  const std::string here = host();
  std::error_code error;
  std::vector<fs::path> leftovers;
  for (const auto& [path, where, process] : stagings_of(target)) {
    const bool gone = process == ::getpid() || (::kill(process, 0) != 0 && errno == ESRCH);
    if (where == here && gone) leftovers.push_back(path);
  }
  if (fs::exists(fs::symlink_status(left_sibling(target), error))) leftovers.push_back(left_sibling(target));
  std::ranges::sort(leftovers);
  return leftovers;
}

void remove_leftovers(const fs::path& target) {
  std::error_code error;
  for (const fs::path& leftover : leftovers_of(target)) fs::remove_all(leftover, error);
}

// A file beside its target, removed again unless it is committed.
class StagingFile {
 public:
  explicit StagingFile(const fs::path& target)
      : target_(target),
        path_(staging_sibling(target)),
        descriptor_(::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)) {
    if (descriptor_ < 0) give_up();
  }
  StagingFile(const StagingFile&) = delete;
  StagingFile& operator=(const StagingFile&) = delete;
  ~StagingFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
    if (!committed_) ::unlink(path_.c_str());
  }
  void write(std::string_view bytes) { write_all_or_throw(descriptor_, bytes, target_.string()); }
  void commit() {
    throw_if_interrupted();
    if (::fsync(descriptor_) != 0 || ::close(std::exchange(descriptor_, -1)) != 0) give_up();
    if (::rename(path_.c_str(), target_.c_str()) != 0) give_up();
    committed_ = true;
    fsync_or_throw(parent_of(target_));
  }

 private:
  [[noreturn]] void give_up() const { fail("{}: cannot be written: {}", target_.string(), std::strerror(errno)); }
  const fs::path target_, path_;
  int descriptor_;
  bool committed_ = false;
};

}  // namespace

int64_t bytes_left_over(const fs::path& target) {
  int64_t bytes = 0;
  const auto add = [&](const fs::path& path) {
    struct stat status {};
    if (::lstat(path.c_str(), &status) == 0) bytes += int64_t{status.st_blocks} * 512;
  };
  std::error_code error;
  for (const fs::path& leftover : leftovers_of(without_trailing_slash(target))) {
    add(leftover);
    for (const auto& entry : fs::recursive_directory_iterator(leftover, error)) add(entry.path());
  }
  return bytes;
}

std::vector<fs::path> left_by_other_hosts(const fs::path& target) {
  const std::string here = host();
  std::vector<fs::path> found;
  for (const auto& [path, where, process] : stagings_of(without_trailing_slash(target)))
    if (where != here) found.push_back(path);
  return found;
}

void refuse_existing(const fs::path& target, bool force) {
  if (!force && fs::exists(fs::symlink_status(target)))
    fail("{}: exists already; --force replaces it", target.string());
}

ParentDirectories::ParentDirectories(const fs::path& target) {
  std::error_code error;
  std::vector<fs::path> missing;
  for (fs::path path = parent_of(target); !fs::exists(path, error) && !error; path = parent_of(path))
    missing.push_back(path);
  for (; !error && !missing.empty(); missing.pop_back())
    if (fs::create_directory(missing.back(), error)) made_.push_back(missing.back());
  if (error) fail("{}: its directory cannot be made: {}", target.string(), error.message());
}

ParentDirectories::~ParentDirectories() {
  std::error_code not_empty;
  for (; !made_.empty(); made_.pop_back()) fs::remove(made_.back(), not_empty);
}

AtomicDirectory::AtomicDirectory(const fs::path& target, bool force, const std::string& marker,
                                 const Adoptable& adoptable)
    : target_(without_trailing_slash(target)), force_(force), parents_(target_) {
  refuse_existing(target_, force_);
  if (fs::exists(fs::symlink_status(target_))) refuse_what_is_not_ours(target_, marker);
  staging_ = staging_sibling(target_);
  std::error_code error;
  for (const fs::path& leftover : leftovers_of(target_)) {
    if (!adopted_ && adoptable && adoptable(leftover) && (leftover == staging_ || !fs::exists(staging_, error))) {
      fs::rename(leftover, staging_, error);
      adopted_ = !error;
    } else if (leftover != staging_ || !adopted_) {
      fs::remove_all(leftover, error);
    }
  }
  if (!adopted_) fs::create_directory(staging_, error);
  if (error) fail("{}: cannot be made: {}", target_.string(), error.message());
}

AtomicDirectory::~AtomicDirectory() {
  std::error_code ignored;
  if (committed_) return;
  if (kept_)
    fs::rename(staging_, left_sibling(target_), ignored);
  else
    fs::remove_all(staging_, ignored);
}

void AtomicDirectory::commit() {
  for (const auto& entry : fs::recursive_directory_iterator(staging_)) {
    throw_if_interrupted();
    fsync_or_throw(entry.path());
  }
  fsync_or_throw(staging_);
  // The exchange is atomic where something stands already, so that there is no moment without an output.
  const bool replaces = force_ && fs::exists(fs::symlink_status(target_));
  const unsigned flags = replaces ? RENAME_EXCHANGE : RENAME_NOREPLACE;
  if (::renameat2(AT_FDCWD, staging_.c_str(), AT_FDCWD, target_.c_str(), flags) != 0) {
    if (errno == EEXIST) refuse_existing(target_, force_);
    fail("{}: cannot be put in its place: {}", target_.string(), std::strerror(errno));
  }
  committed_ = true;
  fsync_or_throw(parent_of(target_));
  std::error_code ignored;
  if (replaces) fs::remove_all(staging_, ignored);
}

void write_file_atomically(const fs::path& path, std::string_view bytes, bool force) {
  refuse_existing(path, force);
  const InterruptScope interrupts;
  const ParentDirectories parents(path);
  remove_leftovers(path);
  StagingFile file(path);
  file.write(bytes);
  file.commit();
}

}  // namespace vlrm
