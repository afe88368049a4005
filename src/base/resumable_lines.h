// A file of lines that a killed run goes on with.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/atomic_output.h"
#include "base/interrupt.h"
#include "base/json.h"

namespace vlrm {

// What keeps a run with the settings `now` from going on with what `before` made, in words, if anything does. Of an
// object with a "stamp" or a "digest", which alone says what something is, "name" and "file" are not compared.
std::optional<std::string> settings_difference(const OrderedJson& before, const OrderedJson& now);

// Lines are added a batch at a time, and what they depend on stands in a settings file beside them. A run that was
// killed starts again at the batch that it broke off in, so that the final bytes are those of an uninterrupted one. One
// that fails or is interrupted before its first line leaves nothing behind.
class ResumableLines {
 public:
  struct Options {
    std::optional<std::filesystem::path> output = {};  // none: standard output, not resumable
    std::filesystem::path settings_file = {};
    OrderedJson settings = {};  // what the lines depend on: compared on resume
    int64_t batch = 1;          // lines a batch
    int64_t total = 0;          // lines of a finished file
    bool force = false;         // start anew where the output exists
  };

  // Plans, and keeps others from the output by a lock on it (where the file system knows locks), for which it is made,
  // empty, where it is missing. Throws Error if it is no regular file, if another run is writing it, and if, force not
  // being set, it holds a whole line that was made with other settings.
  explicit ResumableLines(Options options);
  ResumableLines(const ResumableLines&) = delete;
  ResumableLines& operator=(const ResumableLines&) = delete;
  ~ResumableLines();

  int64_t done() const { return done_; }  // lines: those that stay of an earlier run, and those appended since
  bool finished() const { return done_ == options_.total; }
  // Calls missing(number from 0, line) for the lines that stay. Where it names something that the line should hold and
  // does not, throws Error naming the line.
  using Check = std::function<std::optional<std::string>(int64_t number, const std::string& line)>;
  void check_done(const Check& missing) const;

  // Cuts the output to the lines that stay and writes the settings. Once, before the first append().
  void begin();
  void append(std::string_view lines);  // whole ones
  void finish() const;                  // to the disk

 private:
  void open_locked();
  bool lock();
  void plan_resume();
  const Options options_;
  const std::string name_;
  std::optional<InterruptScope> interrupts_;  // until there is a line
  std::optional<ParentDirectories> parents_;
  int64_t done_ = 0, done_bytes_ = 0;
  int descriptor_ = -1;
  bool made_ = false;  // the output, by us
  bool begun_ = false;
};

}  // namespace vlrm
