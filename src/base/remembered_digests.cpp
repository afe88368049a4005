#include "base/remembered_digests.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>

#include "base/claim.h"
#include "base/content_digest.h"
#include "base/error.h"
#include "base/file.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

constexpr int64_t kMostBytes = int64_t{1} << 19;  // of the file of digests: some 8,000 lines
constexpr std::chrono::seconds kSettled{3};       // FAT has the coarsest times: two seconds
constexpr size_t kMostDigits = 64;

// Times of change that a program behind FUSE makes up may say nothing.
bool makes_up_times(const fs::path& file) {
  constexpr long kFuse = 0x65735546;
  struct statfs system {};
  return ::statfs(file.c_str(), &system) != 0 || static_cast<long>(system.f_type) == kFuse;
}

std::chrono::nanoseconds nanoseconds_of(const timespec& time) {
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

// "" where a file's state does not tell what it holds.
std::string states_of(const std::vector<fs::path>& files) {
  std::string facts;
  for (const fs::path& file : files) {
    struct stat status {};
    if (::stat(file.c_str(), &status) != 0 || !S_ISREG(status.st_mode) || makes_up_times(file)) return "";
    facts += fmt::format("\n{} {} {} {} {}", status.st_dev, status.st_ino, status.st_size,
                         nanoseconds_of(status.st_mtim).count(), nanoseconds_of(status.st_ctim).count());
  }
  return facts;
}

std::string key_of(std::string_view about, const std::string& states) {
  return content_digest(fmt::format("{}{}", about, states));
}

bool is_settled(const fs::path& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) return false;
  const auto changed = std::max(nanoseconds_of(status.st_mtim), nanoseconds_of(status.st_ctim));
  return changed + kSettled < std::chrono::system_clock::now().time_since_epoch();
}

// "" where there is no place for caches.
fs::path digests_file() {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  const char* home = std::getenv("HOME");
  if (cache != nullptr && fs::path(cache).is_absolute()) return fs::path(cache) / "vlrm" / "digests";
  if (home != nullptr && fs::path(home).is_absolute()) return fs::path(home) / ".cache" / "vlrm" / "digests";
  return {};
}

// Nothing where it is missing or not our own.
std::string remembered_lines(const fs::path& file) {
  struct stat status {};
  if (file.empty() || ::stat(file.c_str(), &status) != 0 || status.st_uid != ::geteuid()) return "";
  try {
    return read_text_or_throw(file, 2 * kMostBytes);
  } catch (const Error&) {
    return "";
  }
}

bool is_hex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == text.npos;
}

// Of the last line of this key that is whole.
std::optional<std::string> find_digest(std::string_view lines, const std::string& key) {
  for (size_t at = lines.rfind(key + " "); at != lines.npos;
       at = at == 0 ? lines.npos : lines.rfind(key + " ", at - 1)) {
    const std::string_view rest = lines.substr(at + key.size() + 1);
    const std::string_view digest = rest.substr(0, rest.find('\n'));
    const bool begins = at == 0 || lines[at - 1] == '\n';
    if (begins && digest.size() < rest.size() && !digest.empty() && digest.size() <= kMostDigits && is_hex(digest))
      return std::string(digest);
  }
  return std::nullopt;
}

// The younger half of what is there, under a name of its own first.
void shorten(const fs::path& file) {
  const std::string lines = remembered_lines(file);
  const size_t half = lines.find('\n', lines.size() / 2);
  const fs::path shorter = file.string() + "." + random_id();
  const int descriptor = ::open(shorter.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor < 0) return;
  const std::string_view kept = half == lines.npos ? std::string_view() : std::string_view(lines).substr(half + 1);
  const bool written = ::write(descriptor, kept.data(), kept.size()) == static_cast<ssize_t>(kept.size());
  ::close(descriptor);
  if (!written || ::rename(shorter.c_str(), file.c_str()) != 0) ::unlink(shorter.c_str());
}

void append_line(const fs::path& file, const std::string& line) {
  std::error_code error;
  fs::create_directories(file.parent_path(), error);
  const int descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (descriptor < 0) return;
  struct stat status {};
  const bool known = ::fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);
  if (known && ::write(descriptor, line.data(), line.size()) < 0) error = std::make_error_code(std::errc::io_error);
  ::close(descriptor);
  if (known && status.st_size > kMostBytes) shorten(file);
}

}  // namespace

std::string file_state(const fs::path& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) fail_with_errno(errno, "{}: cannot be read", file.string());
  return fmt::format("{} {} {} {}", status.st_ino, status.st_size, nanoseconds_of(status.st_mtim).count(),
                     nanoseconds_of(status.st_ctim).count());
}

FileStates::FileStates(const std::vector<fs::path>& files) : files_(files), states_(states_of(files)) {}

std::optional<std::string> FileStates::digest(std::string_view about) const {
  return states_.empty() ? std::nullopt : find_digest(remembered_lines(digests_file()), key_of(about, states_));
}

void FileStates::remember(std::string_view about, const std::string& digest) const {
  const fs::path file = digests_file();
  if (states_.empty() || file.empty() || states_of(files_) != states_) return;
  if (std::ranges::all_of(files_, is_settled)) append_line(file, key_of(about, states_) + " " + digest + "\n");
}

}  // namespace vlrm
