// The listener of the work that a thread does.
//
// Every loop of a merge asks whether it is to stop, and rooms far below the options of a call report progress. So a
// call's listener is not handed through them: the thread knows it while the call lasts.
#pragma once

#include <vlrm/listener.h>

#include <string>
#include <utility>

namespace vlrm {

// While one lives, `listener` is this thread's: null for nobody. They nest. It must outlive the scope.
class ListenerScope {
 public:
  explicit ListenerScope(Listener* listener);
  ListenerScope(const ListenerScope&) = delete;
  ListenerScope& operator=(const ListenerScope&) = delete;
  ~ListenerScope();

 private:
  Listener* const before_;
};

// This thread's, or null.
Listener* current_listener();

// `work`, to be called on another thread with this thread's listener.
template <class Work>
auto with_this_listener(Work work) {
  return [work = std::move(work), listener = current_listener()] {
    const ListenerScope scope(listener);
    return work();
  };
}

// Tell this thread's listener a line.
void tell_status(const std::string& line);
void tell_note(const std::string& line);
void tell_warning(const std::string& line);

}  // namespace vlrm
