// Receives messages and progress while work runs, and may stop it.
#pragma once

#include <cstdint>
#include <string>

namespace vlrm {

// How far a long piece of work is.
struct ProgressReport {
  enum class Unit { bytes, samples };
  enum class State { running, done, failed };
  std::string label;   // one or two words: "merging"
  std::string detail;  // what is at work now; may be empty
  Unit unit = Unit::samples;
  State state = State::running;
  int64_t finished = 0, total = 0;  // in units
  double seconds = 0;               // since it began
};

// Is told of work by the thread that does it, and by threads that this one starts. A method that is not overridden does
// nothing. None may throw.
class Listener {
 public:
  enum class Kind { status, note, warning };

  virtual ~Listener() = default;
  // One line for a person. A status says what is done; a note is worth knowing; a warning is about a result that may
  // not be what was meant.
  virtual void message([[maybe_unused]] Kind kind, [[maybe_unused]] const std::string& line) {}
  // At most ten times a second, and once at the end. From any thread, for one piece of work by one thread at a time.
  virtual void progress([[maybe_unused]] const ProgressReport& report) {}
  // Whether the work is to stop: then it throws Interrupted, and nothing half-written stays. From any thread, often.
  virtual bool interrupted() { return false; }
  // Between these two, something half-written stands on the disk, and the process should not simply end. They nest.
  virtual void output_begins() {}
  virtual void output_ends() {}
};

}  // namespace vlrm
