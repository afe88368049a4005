// The listener that the options of a call name.
#pragma once

#include "base/listening.h"

namespace vlrm {

// For the length of a call: without one of its own, that of the call around it.
class CallListener {
 public:
  explicit CallListener(Listener* listener) : scope_(listener != nullptr ? listener : current_listener()) {}

 private:
  ListenerScope scope_;
};

}  // namespace vlrm
