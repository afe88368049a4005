#include "base/resumable_lines.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "base/error.h"
#include "base/file.h"
#include "base/line_reader.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

// Whole lines, as many as make whole batches; all of a finished file, and none behind them.
struct Kept {
  int64_t lines = 0, bytes = 0;
  bool whole_line = false;  // is there one at all?
};
Kept kept_lines(const fs::path& output, int64_t batch, int64_t total) {
  std::ifstream stream(output, std::ios::binary);
  Kept kept;
  int64_t lines = 0, bytes = 0;
  for (std::string line; lines < total && std::getline(stream, line) && !stream.eof();) {  // eof: no newline at its end
    bytes += static_cast<int64_t>(line.size()) + 1;
    if (++lines % batch == 0 || lines == total) kept = {lines, bytes};
  }
  kept.whole_line = lines > 0;
  return kept;
}

// Without the names of what is identified by more than them: a path may be spelled in many ways.
OrderedJson identity(OrderedJson value) {
  if (!value.is_object() || !(value.contains("stamp") || value.contains("digest"))) return value;
  value.erase("name");
  value.erase("file");
  return value;
}

// Its digits say nothing to a person.
bool is_digest(const OrderedJson& value) {
  if (!value.is_string()) return false;
  const auto& text = value.get_ref<const std::string&>();
  return text.size() == 16 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

}  // namespace

std::optional<std::string> settings_difference(const OrderedJson& before, const OrderedJson& now) {
  if (!before.is_object()) return "other settings";
  for (const auto& [key, value] : now.items()) {
    if (!before.contains(key)) return key + " is new";
    if (identity(before.at(key)) == identity(value)) continue;
    if (is_digest(value) || (value.is_object() && value.contains("text"))) return key + " changed since";
    return fmt::format("{} was {}, now {}", key, before.at(key).dump(), value.dump());
  }
  for (const auto& [key, value] : before.items())
    if (!now.contains(key)) return fmt::format("{} was {}, now there is none", key, value.dump());
  return std::nullopt;
}

ResumableLines::ResumableLines(Options options)
    : options_(std::move(options)), name_(options_.output ? options_.output->string() : "standard output") {
  if (!options_.output) return;
  const fs::file_status status = fs::status(*options_.output);
  if (fs::exists(status) && !fs::is_regular_file(status)) fail("{}: not a regular file", name_);
  interrupts_.emplace();
  parents_.emplace(*options_.output);
  try {
    open_locked();
    if (!options_.force) plan_resume();
  } catch (...) {
    if (descriptor_ >= 0) ::close(descriptor_);
    throw;
  }
  if (done_ > 0) interrupts_.reset();
}

ResumableLines::~ResumableLines() {
  if (!options_.output || descriptor_ < 0) return;
  if (done_ == 0 && (made_ || begun_)) {  // before another run can have the lock
    ::unlink(options_.output->c_str());
    if (begun_) ::unlink(options_.settings_file.c_str());
  }
  ::close(descriptor_);
}

void ResumableLines::open_locked() {
  do {
    if (descriptor_ >= 0) ::close(descriptor_);
    made_ = !fs::exists(*options_.output);
    descriptor_ = ::open(options_.output->c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    // Finished work may lie where nothing can be written.
    if (descriptor_ < 0 && !made_) descriptor_ = ::open(options_.output->c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor_ < 0) fail("{}: cannot be written: {}", name_, std::strerror(errno));
  } while (!lock());
}

// False where another run removed the file meanwhile. A file system without locks (ENOLCK, EOPNOTSUPP, …) is as good as
// a lock.
bool ResumableLines::lock() {
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
    fail("{}: another run is writing it", name_);
  struct stat opened {};
  return ::fstat(descriptor_, &opened) != 0 || opened.st_nlink > 0;
}

void ResumableLines::plan_resume() {
  if (fs::file_size(*options_.output) == 0) return;
  if (!fs::exists(options_.settings_file))
    fail("{}: exists already, without the {} of a run to go on with; --force starts anew", name_,
         options_.settings_file.filename().string());
  const Kept kept = kept_lines(*options_.output, options_.batch, options_.total);
  if (!kept.whole_line) return;
  const OrderedJson before = read_ordered_json_or_throw(options_.settings_file);
  if (const auto difference = settings_difference(before, options_.settings))
    fail("{}: made with other settings ({}); --force starts anew", name_, *difference);
  done_ = kept.lines;
  done_bytes_ = kept.bytes;
  if (finished() && fs::file_size(*options_.output) > static_cast<uintmax_t>(done_bytes_))
    fail("{}: goes on after the {} lines of a finished run; remove the rest, or let --force start anew", name_, done_);
}

void ResumableLines::check_done(const Check& missing) const {
  if (done_ == 0) return;
  LineReader lines(name_);
  std::string line;
  for (int64_t i = 0; i < done_ && lines.next(line); ++i)
    if (const auto what = missing(i, line))
      fail("{}: does not hold {}; remove the file, or let --force start anew", lines.source(), *what);
}

void ResumableLines::begin() {
  if (!options_.output) {
    descriptor_ = STDOUT_FILENO;
    return;
  }
  if (::access(options_.output->c_str(), W_OK) != 0) fail("{}: cannot be written: {}", name_, std::strerror(errno));
  // Cut first: lines made with other settings must never stand beside these.
  if (::ftruncate(descriptor_, done_bytes_) != 0)
    fail("{}: cannot be cut to its whole lines: {}", name_, std::strerror(errno));
  begun_ = true;
  if (done_ == 0) write_file_atomically(options_.settings_file, options_.settings.dump(2) + "\n", true);
}

void ResumableLines::append(std::string_view lines) {
  if (done_ == 0) throw_if_interrupted();
  write_all_or_throw(descriptor_, lines, name_);
  done_ += std::ranges::count(lines, '\n');
  interrupts_.reset();
}

void ResumableLines::finish() const {
  if (options_.output && ::fsync(descriptor_) != 0)
    fail("{}: cannot be flushed to disk: {}", name_, std::strerror(errno));
}

}  // namespace vlrm
