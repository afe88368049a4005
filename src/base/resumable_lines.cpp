#include "base/resumable_lines.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <numeric>

#include "base/claim_file.h"
#include "base/error.h"
#include "base/file.h"

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

// The target of a symbolic link, which is what is written; it need not exist yet.
fs::path behind_links(fs::path path) {
  constexpr int kMostLinks = 40;  // as many as Linux follows
  std::error_code error;
  for (int i = 0; i < kMostLinks && fs::is_symlink(fs::symlink_status(path, error)); ++i)
    path = path.parent_path() / fs::read_symlink(path, error);
  return path;
}

// Of a run that was killed when all its lines were there.
void remove_dead_claim(const fs::path& output) {
  std::error_code error;
  if (!fs::exists(claim_file(output), error)) return;
  try {
    const Claim taken_over(output);
  } catch (const Error&) {  // it lives, or nothing can be written there
  }
}

}  // namespace

ResumableLines::ResumableLines(Options options)
    : options_(std::move(options)), name_(options_.output ? options_.output->string() : "") {
  if (!options_.output) return;
  const fs::file_status status = fs::status(*options_.output);
  if (fs::exists(status) && !fs::is_regular_file(status)) fail("{}: not a regular file", name_);
  output_ = behind_links(*options_.output);
  plan_resume();
  // What is finished is left alone, and may lie where nothing can be written.
  if (finished() && options_.claimed.empty()) {
    remove_dead_claim(output_);
    return;
  }
  interrupts_.emplace();
  parents_.emplace(output_);
  claim_.emplace(options_.claimed.empty() ? output_ : options_.claimed);
  plan_resume();  // another run may have gone on meanwhile
  if (!finished()) require_writable();
}

ResumableLines::~ResumableLines() {
  if (!options_.output || !begun_) return;
  if (done_ == 0) {  // before another run can have the claim
    ::unlink(output_.c_str());
    ::unlink(options_.settings_file.c_str());
  }
  if (descriptor_ >= 0) ::close(descriptor_);
}

void ResumableLines::plan_resume() {
  done_ = done_bytes_ = 0;
  if (options_.force || !fs::exists(output_) || fs::file_size(output_) == 0) return;
  if (!fs::exists(options_.settings_file))
    fail("{}: exists already, without the {} of a run to go on with; `force` starts again", name_,
         options_.settings_file.filename().string());
  const Kept kept = kept_lines(output_, options_.batch, options_.total);
  if (!kept.whole_line) return;
  before_ = read_ordered_json_or_throw(options_.settings_file);
  refuse_other_settings(name_, before_, options_.settings, options_.mixed);
  done_ = kept.lines;
  done_bytes_ = kept.bytes;
  if (finished() && fs::file_size(output_) > static_cast<uintmax_t>(done_bytes_))
    fail("{}: goes on after the {} lines of a finished run; remove the rest, or let `force` start again", name_, done_);
}

void ResumableLines::require_writable() const {
  if (::access(output_.c_str(), W_OK) != 0 && errno != ENOENT) fail_with_errno(errno, "{}: cannot be written", name_);
}

void ResumableLines::check_done(const Check& missing) const {
  Done lines(*this);
  for (int64_t i = 0; const auto line = lines.next(); ++i)
    if (const auto what = missing(i, *line)) lines.refuse(*what);
}

ResumableLines::Done::Done(const ResumableLines& lines) : left_(lines.done()) {
  if (left_ > 0) reader_ = std::make_unique<LineReader>(lines.name_);
}

std::optional<std::string> ResumableLines::Done::next() {
  std::string line;
  if (left_ == 0 || !reader_->next(line)) return std::nullopt;
  --left_;
  return line;
}

void ResumableLines::Done::refuse(const std::string& what) const {
  fail("{}: does not hold {}; remove the file, or let `force` start again", reader_->source(), what);
}

void ResumableLines::begin() {
  if (!options_.output) return;
  require_writable();
  claim_->check();
  open();
  begun_ = true;
  const OrderedJson settings = settings_to_write();
  if (settings != before_) write_file_atomically(options_.settings_file, settings.dump(2) + "\n", true);
}

// Cut before writing the settings, which must never stand beside lines made with others.
void ResumableLines::open() {
  if (claim_->taken_over() && fs::exists(output_)) replace_by_beginning(output_, done_bytes_);
  descriptor_ = ::open(output_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (descriptor_ < 0) fail_with_errno(errno, "{}: cannot be written", name_);
  if (::ftruncate(descriptor_, done_bytes_) != 0) fail_with_errno(errno, "{}: cannot be cut to its whole lines", name_);
}

OrderedJson ResumableLines::settings_to_write() const {
  if (done_ == 0) return options_.settings;
  std::vector<int64_t> rows(static_cast<size_t>(done_));
  std::iota(rows.begin(), rows.end(), 0);
  return mixed_settings(before_, options_.settings, kept_rows_.value_or(rows));
}

void ResumableLines::append(std::string_view lines) {
  if (options_.output) {
    throw_if_interrupted();
    claim_->check();
    write_all_or_throw(descriptor_, lines, name_);
  } else {
    options_.write(lines);
  }
  done_ += std::ranges::count(lines, '\n');
}

void ResumableLines::finish() const {
  if (!options_.output) return;
  claim_->check();
  if (descriptor_ >= 0 && ::fsync(descriptor_) != 0) fail_with_errno(errno, "{}: cannot be flushed to disk", name_);
}

}  // namespace vlrm
