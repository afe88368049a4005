// Signals that end the program while something half-written stands on the disk.
#pragma once

#include <signal.h>

#include <array>
#include <exception>

namespace vlrm {

// The program was asked to end. No Error: nothing is wrong.
class Interrupted : public std::exception {
 public:
  const char* what() const noexcept override { return "interrupted"; }
};

// While one lives, the first SIGINT, SIGTERM or SIGHUP only makes throw_if_interrupted() throw, so that unwinding
// removes what is half-written; the second one ends the program as ever. A signal that nothing came to throw for is
// raised again when the last scope ends (they may end in any order). Signals that the program was started to ignore
// stay ignored.
class InterruptScope {
 public:
  InterruptScope();
  InterruptScope(const InterruptScope&) = delete;
  InterruptScope& operator=(const InterruptScope&) = delete;
  ~InterruptScope();

  static constexpr std::array kSignals{SIGINT, SIGTERM, SIGHUP};
};

// Throws Interrupted once a signal came within an InterruptScope. For loops: it reads one variable.
void throw_if_interrupted();

// The signal that came, or 0.
int interrupting_signal();

}  // namespace vlrm
