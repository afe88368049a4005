#include "base/interrupt.h"

namespace vlrm {

InterruptScope::InterruptScope() : listener_(current_listener()) {
  if (listener_ != nullptr) listener_->output_begins();
}

InterruptScope::~InterruptScope() {
  if (listener_ != nullptr) listener_->output_ends();
}

void throw_if_interrupted() {
  Listener* const listener = current_listener();
  if (listener != nullptr && listener->interrupted()) throw Interrupted();
}

}  // namespace vlrm
