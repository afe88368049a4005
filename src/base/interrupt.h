// Work that is asked to stop while something half-written stands on the disk.
#pragma once

#include <vlrm/error.h>

#include "base/listening.h"

namespace vlrm {

// While one lives, something half-written stands on the disk, and this thread's listener knows it. Scopes may end in
// any order.
class InterruptScope {
 public:
  InterruptScope();
  InterruptScope(const InterruptScope&) = delete;
  InterruptScope& operator=(const InterruptScope&) = delete;
  ~InterruptScope();

 private:
  Listener* const listener_;
};

// Throws Interrupted once this thread's listener wants the work to stop. For loops: it asks one question.
void throw_if_interrupted();

}  // namespace vlrm
