// The person at the other end: progress, notes and warnings go to standard error, signals come from there.
#pragma once

#include <vlrm/listener.h>

#include <atomic>
#include <string>
#include <string_view>

namespace vlrm {

// Writes a line to standard error. Never fails: where that cannot be written, there is nobody to tell.
void tell(std::string_view line);
// What begins each line from then on, bars of progress being lines too: for one of many processes that write to one
// log.
void begin_lines_with(const std::string& label);

// One for the program. While something half-written stands on the disk, the first SIGINT, SIGTERM or SIGHUP only makes
// interrupted() true; the second one ends the program as ever. A signal that nobody looked at is raised again when
// nothing is half-written any more. Signals that the program was started to ignore stay ignored.
class Terminal : public Listener {
 public:
  Terminal();

  void set_quiet(bool quiet) { quiet_ = quiet; }  // no progress

  // A bar with rate and time left on a terminal, plain lines now and then in a log.
  void progress(const ProgressReport& report) override;
  void message(Kind kind, const std::string& line) override;
  bool interrupted() override { return interrupting_signal() != 0; }
  void output_begins() override;
  void output_ends() override;

  // The signal that came, or 0.
  static int interrupting_signal();
  // What it asked for is done, and the program ends as if it had ended by itself.
  static void forget_signal();

 private:
  const bool is_terminal_;
  std::atomic<bool> quiet_ = false;
  std::atomic<int> outputs_ = 0;
  double next_line_;  // in a log: seconds from the work's begin
};

}  // namespace vlrm
