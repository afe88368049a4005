#include "base/resumable_lines.h"

#include <fcntl.h>
#include <unistd.h>

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
};
Kept kept_lines(const fs::path& output, int64_t batch, int64_t total) {
  std::ifstream stream(output, std::ios::binary);
  Kept kept;
  int64_t lines = 0, bytes = 0;
  for (std::string line; lines < total && std::getline(stream, line) && !stream.eof();) {  // eof: no newline at its end
    bytes += static_cast<int64_t>(line.size()) + 1;
    if (++lines % batch == 0 || lines == total) kept = {lines, bytes};
  }
  return kept;
}

// Its digits say nothing to a person.
bool is_digest(const OrderedJson& value) {
  if (!value.is_string()) return false;
  const auto& text = value.get_ref<const std::string&>();
  return text.size() == 16 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

std::string first_difference(const OrderedJson& before, const OrderedJson& now) {
  for (const auto& [key, value] : now.items()) {
    if (before.contains(key) && before.at(key) == value) continue;
    if (!before.contains(key)) return key + " is new";
    if (is_digest(value)) return key + " changed since";
    return fmt::format("{} was {}, now {}", key, before.at(key).dump(), value.dump());
  }
  return "other settings";
}

}  // namespace

ResumableLines::ResumableLines(Options options)
    : options_(std::move(options)), name_(options_.output ? options_.output->string() : "standard output") {
  if (!options_.output) return;
  parents_.emplace(*options_.output);
  if (!options_.force && fs::exists(*options_.output)) plan_resume();
}

ResumableLines::~ResumableLines() {
  if (options_.output && descriptor_ >= 0) ::close(descriptor_);
}

void ResumableLines::plan_resume() {
  if (!fs::exists(options_.settings_file))
    fail("{}: exists already, without the {} of a run to go on with; --force starts anew", name_,
         options_.settings_file.filename().string());
  const OrderedJson before = read_ordered_json_or_throw(options_.settings_file);
  if (before != options_.settings)
    fail("{}: made with other settings ({}); --force starts anew", name_, first_difference(before, options_.settings));
  const Kept kept = kept_lines(*options_.output, options_.batch, options_.total);
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
  // Cut first: lines made with other settings must never stand beside these.
  if (fs::exists(*options_.output)) {
    std::error_code error;
    fs::resize_file(*options_.output, static_cast<uintmax_t>(done_bytes_), error);
    if (error) fail("{}: cannot be cut to its whole lines: {}", name_, error.message());
  }
  if (done_ == 0) write_file_atomically(options_.settings_file, options_.settings.dump(2) + "\n", true);
  descriptor_ = ::open(options_.output->c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (descriptor_ < 0) fail("{}: cannot be written: {}", name_, std::strerror(errno));
}

void ResumableLines::append(std::string_view lines) const {
  write_all_or_throw(descriptor_, lines, name_);
}

void ResumableLines::finish() const {
  if (options_.output && ::fsync(descriptor_) != 0)
    fail("{}: cannot be flushed to disk: {}", name_, std::strerror(errno));
}

}  // namespace vlrm
