#include "base/listening.h"

namespace vlrm {
namespace {

thread_local Listener* listener_of_thread = nullptr;

void tell(Listener::Kind kind, const std::string& line) {
  if (listener_of_thread != nullptr) listener_of_thread->message(kind, line);
}

}  // namespace

ListenerScope::ListenerScope(Listener* listener) : before_(std::exchange(listener_of_thread, listener)) {}

ListenerScope::~ListenerScope() {
  listener_of_thread = before_;
}

Listener* current_listener() {
  return listener_of_thread;
}

void tell_status(const std::string& line) {
  tell(Listener::Kind::status, line);
}

void tell_note(const std::string& line) {
  tell(Listener::Kind::note, line);
}

void tell_warning(const std::string& line) {
  tell(Listener::Kind::warning, line);
}

}  // namespace vlrm
