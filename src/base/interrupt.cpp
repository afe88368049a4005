#include "base/interrupt.h"

#include <atomic>

namespace vlrm {
namespace {

std::atomic<int> signal_that_came{0};
static_assert(std::atomic<int>::is_always_lock_free);  // else a signal handler must not touch it
std::atomic<int> living_scopes{0};
std::array<struct sigaction, InterruptScope::kSignals.size()> before_scopes{};

extern "C" void note_signal(int signal) {
  signal_that_came.store(signal);
}

}  // namespace

InterruptScope::InterruptScope() {
  if (living_scopes++ > 0) return;
  struct sigaction action {};
  action.sa_handler = note_signal;
  action.sa_flags = SA_RESTART | static_cast<int>(SA_RESETHAND);
  for (size_t i = 0; i < kSignals.size(); ++i) {
    ::sigaction(kSignals[i], nullptr, &before_scopes[i]);
    if (before_scopes[i].sa_handler != SIG_IGN) ::sigaction(kSignals[i], &action, nullptr);
  }
}

InterruptScope::~InterruptScope() {
  if (--living_scopes > 0) return;
  for (size_t i = 0; i < kSignals.size(); ++i) ::sigaction(kSignals[i], &before_scopes[i], nullptr);
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
