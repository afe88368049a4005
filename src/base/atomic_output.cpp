#include "base/atomic_output.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <utility>

#include "base/claim_file.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/listening.h"
#include "base/put_in_place.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

void fsync_or_throw(const fs::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) fail_with_errno(errno, "{}: cannot open", path.string());
  const int result = ::fsync(descriptor);
  const int error = errno;
  ::close(descriptor);
  if (result != 0 && error != EINVAL) fail_with_errno(error, "{}: cannot be flushed to disk", path.string());
}

fs::path without_trailing_slash(const fs::path& path) {
  return path.has_filename() ? path : path.parent_path();
}

fs::path parent_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

// The output stands, whole: a rerun could only find that it exists.
void flush_name(const fs::path& target) {
  try {
    fsync_or_throw(parent_of(target));
  } catch (const Error& error) {
    tell_warning(
        fmt::format("{} is written, but a crash of the machine may undo it: {}", target.string(), error.what()));
  }
}

constexpr std::string_view kStagingSuffix = ".partial";

// An output while it is written.
fs::path staging_sibling(const fs::path& target) {
  return hidden_sibling(target, random_id() + std::string(kStagingSuffix));
}

// All of this target, by name.
std::vector<fs::path> leftovers_of(const fs::path& target) {
  const std::string prefix = hidden_sibling(target, "").filename().string();
  const size_t length = prefix.size() + random_id().size() + kStagingSuffix.size();
  const auto is_one = [&](const std::string& name) {
    if (name.size() != length || !name.starts_with(prefix) || !name.ends_with(kStagingSuffix)) return false;
    return name.find_first_not_of("0123456789abcdef", prefix.size()) == length - kStagingSuffix.size();
  };
  std::error_code error;
  std::vector<fs::path> leftovers;
  for (const auto& entry : fs::directory_iterator(parent_of(target), error))
    if (is_one(entry.path().filename().string())) leftovers.push_back(target.parent_path() / entry.path().filename());
  std::ranges::sort(leftovers);
  return leftovers;
}

// Under another name first: the run that it belongs to may come to life, and must not put half of it in its place.
void remove_leftover(const fs::path& leftover, const fs::path& target) {
  const fs::path renamed = staging_sibling(target);
  std::error_code error;
  fs::rename(leftover, renamed, error);
  fs::remove_all(error ? leftover : renamed, error);
}

void refuse_what_is_not_ours(const fs::path& target, const std::string& marker) {
  std::error_code error;
  const bool directory = fs::is_directory(fs::symlink_status(target, error));
  if (!directory || !(fs::is_empty(target, error) || fs::exists(target / marker, error)))
    fail("{}: is not an output of vlrm (it has no {}), so `force` does not replace it; remove it yourself",
         target.string(), marker);
  refuse_mount_point(target);
}

// A file beside its target, removed again unless it is put in its place.
class StagingFile {
 public:
  explicit StagingFile(const fs::path& target)
      : target_(target),
        path_(staging_sibling(target)),
        descriptor_(::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644)) {
    if (descriptor_ < 0) give_up();
    std::error_code error;
    if (!fs::is_directory(target, error)) return;
    ::close(descriptor_);
    ::unlink(path_.c_str());
    fail("{}: cannot be written: it is a directory", target_.string());
  }
  StagingFile(const StagingFile&) = delete;
  StagingFile& operator=(const StagingFile&) = delete;
  ~StagingFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
    if (!placed_) ::unlink(path_.c_str());
  }
  void write(std::string_view bytes) { write_all_or_throw(descriptor_, bytes, target_.string()); }
  void flush() {
    throw_if_interrupted();
    if (::fsync(descriptor_) != 0 || ::close(std::exchange(descriptor_, -1)) != 0) give_up();
  }
  void place(bool force) {
    put_in_place(path_, target_, force);
    placed_ = true;
  }
  void commit(bool force) {
    flush();
    place(force);
    flush_name(target_);
  }

 private:
  [[noreturn]] void give_up() const { fail_with_errno(errno, "{}: cannot be written", target_.string()); }
  const fs::path target_, path_;
  int descriptor_;
  bool placed_ = false;
};

Claim claimed_directory(const fs::path& target, bool force) {
  refuse_existing(target, force);
  if (!fs::is_directory(parent_of(target))) fail_with_errno(ENOTDIR, "{}: cannot be made", target.string());
  return Claim(target);
}

}  // namespace

void refuse_existing(const fs::path& target, bool force) {
  if (!force && fs::exists(fs::symlink_status(target)))
    fail("{}: exists already; `force` replaces it", target.string());
}

ParentDirectories::ParentDirectories(const fs::path& target) {
  std::error_code error;
  std::vector<fs::path> missing;
  for (fs::path path = parent_of(target); !fs::exists(path, error) && !error; path = parent_of(path))
    missing.push_back(path);
  for (; !error && !missing.empty(); missing.pop_back())
    if (fs::create_directory(missing.back(), error)) made_.push_back(missing.back());
  if (error) fail_with_errno(error.value(), "{}: its directory cannot be made", target.string());
}

ParentDirectories::~ParentDirectories() {
  std::error_code not_empty;
  for (; !made_.empty(); made_.pop_back()) fs::remove(made_.back(), not_empty);
}

AtomicDirectory::AtomicDirectory(const fs::path& target, bool force, const std::string& marker,
                                 const Adoptable& adoptable)
    : target_(without_trailing_slash(target)),
      staging_(staging_sibling(target_)),
      force_(force),
      parents_(target_),
      claim_(claimed_directory(target_, force_)) {
  take_back(target_);
  refuse_existing(target_, force_);  // by now, it may have been finished
  if (fs::exists(fs::symlink_status(target_))) refuse_what_is_not_ours(target_, marker);
  take_leftovers(adoptable);
  std::error_code error;
  if (!adopted_) fs::create_directory(staging_, error);
  if (error) fail_with_errno(error.value(), "{}: cannot be made", target_.string());
}

void AtomicDirectory::take_leftovers(const Adoptable& adoptable) {
  for (const fs::path& leftover : leftovers_of(target_)) {
    std::error_code error;
    if (!adopted_ && adoptable && adoptable(leftover)) {
      fs::rename(leftover, staging_, error);
      adopted_ = !error;
    }
    if (!adopted_ || fs::exists(fs::symlink_status(leftover))) remove_leftover(leftover, target_);
  }
}

AtomicDirectory::~AtomicDirectory() {
  std::error_code ignored;
  if (!committed_ && !kept_) fs::remove_all(staging_, ignored);
}

int64_t AtomicDirectory::bytes() const {
  int64_t bytes = 0;
  std::error_code error;
  for (const auto& entry : fs::recursive_directory_iterator(staging_, error)) {
    struct stat status {};
    if (::lstat(entry.path().c_str(), &status) == 0) bytes += int64_t{status.st_blocks} * 512;
  }
  return bytes;
}

void AtomicDirectory::commit() {
  for (const auto& entry : fs::recursive_directory_iterator(staging_)) {
    throw_if_interrupted();
    fsync_or_throw(entry.path());
  }
  fsync_or_throw(staging_);
  claim_.check();
  try {
    put_in_place(staging_, target_, force_);
  } catch (const Error& error) {  // hours of work are not thrown away
    const fs::path finished = with_ending(target_, ".vlrm-" + claim_.id());
    std::error_code stays;
    fs::rename(staging_, finished, stays);
    if (stays) throw;
    committed_ = true;
    throw Error(fmt::format("{}; it stands, finished, at {}", error.what(), finished.string()), error.exit_code());
  }
  committed_ = true;
  flush_name(target_);
}

// One of the files, and what it needs until it stands.
struct AtomicFiles::Part {
  explicit Part(const fs::path& target_path) : target(target_path), parents(target), claim(target) {}
  void stage() {
    for (const fs::path& leftover : leftovers_of(target)) remove_leftover(leftover, target);
    staging.emplace(target);
  }
  bool is_there() const { return fs::exists(fs::symlink_status(target)); }

  const fs::path target;
  const ParentDirectories parents;
  const Claim claim;
  std::optional<StagingFile> staging;
};

namespace {

// Says, while several files are put in their places, which of them were not there before.
fs::path commit_note(const fs::path& first) {
  return hidden_sibling(first, "commit");
}

fs::path whole_path_of(const fs::path& target) {
  return fs::absolute(target).lexically_normal();
}

}  // namespace

AtomicFiles::AtomicFiles(const std::vector<fs::path>& targets, bool force) : force_(force) {
  for (const fs::path& target : targets) parts_.push_back(std::make_unique<Part>(target));
  undo_half_a_commit();
  for (const auto& part : parts_) {
    refuse_existing(part->target, force_);
    part->stage();
  }
}

AtomicFiles::~AtomicFiles() = default;

// A run that was killed between the first file and the last leaves neither.
void AtomicFiles::undo_half_a_commit() {
  const fs::path note = commit_note(parts_.front()->target);
  std::error_code error;
  if (!fs::is_regular_file(fs::symlink_status(note, error))) return;
  const OrderedJson listed = OrderedJson::parse(read_text_or_throw(note), nullptr, false);
  for (const auto& part : parts_)
    if (std::ranges::any_of(listed,
                            [&](const OrderedJson& path) { return path == whole_path_of(part->target).string(); }))
      fs::remove(part->target, error);
  fs::remove(note, error);
}

void AtomicFiles::commit(const std::vector<std::string>& contents) {
  VLRM_ASSERT(contents.size() == parts_.size());
  OrderedJson fresh = OrderedJson::array();
  for (size_t i = 0; i < parts_.size(); ++i) {
    parts_[i]->staging->write(contents[i]);
    parts_[i]->staging->flush();
    if (!parts_[i]->is_there()) fresh.push_back(whole_path_of(parts_[i]->target).string());
  }
  const fs::path note = commit_note(parts_.front()->target);
  if (parts_.size() > 1)
    write_file_atomically(note, fresh.dump(-1, ' ', false, OrderedJson::error_handler_t::replace), true);
  std::error_code stays;
  try {
    for (const auto& part : parts_) part->claim.check();
    for (const auto& part : parts_) part->staging->place(force_);
  } catch (...) {
    undo_half_a_commit();
    throw;
  }
  for (const auto& part : parts_) flush_name(part->target);
  if (parts_.size() > 1) fs::remove(note, stays);
}

void write_file_atomically(const fs::path& path, std::string_view bytes, bool force) {
  refuse_existing(path, force);
  const InterruptScope interrupts;
  for (const fs::path& leftover : leftovers_of(path)) remove_leftover(leftover, path);
  StagingFile file(path);
  file.write(bytes);
  file.commit(force);
}

void replace_by_beginning(const fs::path& path, int64_t bytes) {
  const File old = File::open_or_throw(path);
  StagingFile file(path);
  std::string chunk;
  for (int64_t at = 0; at < bytes; at += static_cast<int64_t>(chunk.size())) {
    chunk.resize(static_cast<size_t>(std::min(int64_t{1} << 20, bytes - at)));
    old.read_or_throw(at, std::as_writable_bytes(std::span(chunk)));
    file.write(chunk);
  }
  file.commit(true);
}

}  // namespace vlrm
