#include "base/interrupt.h"

#include <atomic>

namespace vlrm {
namespace {

std::atomic<int> signal_that_came{0};
static_assert(std::atomic<int>::is_always_lock_free);  // else a signal handler must not touch it

extern "C" void note_signal(int signal) {
  signal_that_came.store(signal);
}

}  // namespace

InterruptScope::InterruptScope() {
  struct sigaction action {};
  action.sa_handler = note_signal;
  action.sa_flags = SA_RESTART | static_cast<int>(SA_RESETHAND);
  for (size_t i = 0; i < kSignals.size(); ++i) {
    ::sigaction(kSignals[i], nullptr, &before_[i]);
    if (before_[i].sa_handler != SIG_IGN) ::sigaction(kSignals[i], &action, nullptr);
  }
}

InterruptScope::~InterruptScope() {
  for (size_t i = 0; i < kSignals.size(); ++i) ::sigaction(kSignals[i], &before_[i], nullptr);
  const int signal = interrupting_signal();
  if (signal != 0 && std::uncaught_exceptions() == 0) ::raise(signal);
}

void throw_if_interrupted() {
  if (interrupting_signal() != 0) throw Interrupted();
}

int interrupting_signal() {
  return signal_that_came.load(std::memory_order_relaxed);
}

}  // namespace vlrm
