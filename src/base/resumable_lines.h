// A file of lines that a killed run goes on with.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/atomic_output.h"
#include "base/claim.h"
#include "base/interrupt.h"
#include "base/line_reader.h"
#include "base/run_settings.h"

namespace vlrm {

// Lines are added a batch at a time, and what they depend on stands in a settings file beside them. A run that was
// killed starts again at the batch that it broke off in, so that the final bytes are those of an uninterrupted one. One
// that fails or is interrupted before its first line leaves nothing behind. Until it is gone, an interrupt is an
// exception: see InterruptScope.
class ResumableLines {
 public:
  struct Options {
    std::optional<std::filesystem::path> output = {};        // none: lines go to `write`, and are not resumable
    std::function<void(std::string_view lines)> write = {};  // gets them where there is no output
    std::filesystem::path settings_file = {};
    OrderedJson settings = {};  // what the lines depend on: compared on resume
    int64_t batch = 1;          // lines a batch
    int64_t total = 0;          // lines of a finished file
    bool force = false;         // start again where the output exists
    bool mixed = false;         // go on though digits may move
    // What is claimed, even where all lines are there, as more is to be made of them; none: the output.
    std::filesystem::path claimed = {};
  };

  // Plans, and claims the output unless it is finished. Throws Error if it is not a regular file or cannot be written,
  // and if, force not being set, it holds a whole line that was made with other settings; TemporaryError if another run
  // is writing it.
  explicit ResumableLines(Options options);
  ResumableLines(const ResumableLines&) = delete;
  ResumableLines& operator=(const ResumableLines&) = delete;
  ~ResumableLines();

  int64_t done() const { return done_; }  // lines: those that stay of an earlier run, and those appended since
  bool finished() const { return done_ == options_.total; }
  // The lines that stay, one after another.
  class Done {
   public:
    explicit Done(const ResumableLines& lines);
    std::optional<std::string> next();  // nothing after the last
    // Throws Error: the last line does not hold `what` it should.
    [[noreturn]] void refuse(const std::string& what) const;

   private:
    std::unique_ptr<LineReader> reader_;  // null where no lines stay
    int64_t left_;
  };
  // Calls missing(number from 0, line) for the lines that stay. Where it names something that the line should hold and
  // does not, throws Error naming the line.
  using Check = std::function<std::optional<std::string>(int64_t number, const std::string& line)>;
  void check_done(const Check& missing) const;

  // Which rows the lines that stay are, where that is not their number: for the settings of a mixed run.
  void keep_rows(std::vector<int64_t> rows) { kept_rows_ = std::move(rows); }

  // Cuts the output to the lines that stay and writes the settings. Once, before the first append().
  void begin();
  // Whole lines. Throws TemporaryError where another run has taken over.
  void append(std::string_view lines);
  // To the disk. Throws as append() does.
  void finish() const;

 private:
  void plan_resume();
  void require_writable() const;
  void open();
  OrderedJson settings_to_write() const;
  const Options options_;
  const std::string name_;
  std::filesystem::path output_;  // behind symbolic links
  std::optional<InterruptScope> interrupts_;
  std::optional<ParentDirectories> parents_;
  std::optional<Claim> claim_;
  OrderedJson before_;  // the settings of the lines that stay
  std::optional<std::vector<int64_t>> kept_rows_;
  int64_t done_ = 0, done_bytes_ = 0;
  int descriptor_ = -1;
  bool begun_ = false;
};

}  // namespace vlrm
