// A call from Python: the listener of the work that it starts.
#pragma once

#include <nanobind/nanobind.h>
#include <vlrm/error.h>
#include <vlrm/listener.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace vlrm {

namespace nb = nanobind;

// Work runs without the GIL. What Python has to say meanwhile, by a signal or out of a callback, ends the work and is
// raised when it has ended.
class Call : public Listener {
 public:
  // `progress` is None or a callable(label, unit, finished, total, state), in the words of ProgressReport.
  explicit Call(nb::object progress) : progress_(std::move(progress)) {}

  // `work`, which listens to this. To be called with the GIL, from one thread at a time.
  template <class Work>
  auto run(const Work& work) {
    caller_ = std::this_thread::get_id();
    try {
      const nb::gil_scoped_release released;
      return work();
    } catch (const Interrupted&) {
      raise_kept();
      throw;
    }
  }

  // A piece of Python, from any thread without the GIL. Its exception ends the work.
  template <class Python>
  void call_back(const Python& python) {
    if (stopped_) return;
    const nb::gil_scoped_acquire held;
    try {
      python();
    } catch (nb::python_error& error) {
      keep(std::move(error));
    }
  }

  void message(Kind kind, const std::string& line) override;
  void progress(const ProgressReport& report) override;
  bool interrupted() override;

  // What the work told: ("warning", line).
  std::vector<std::pair<std::string, std::string>> take_messages();
  // Raises what came out of a callback too late to end the work.
  void raise_kept();

 private:
  void keep(nb::python_error error);

  nb::object progress_;
  std::thread::id caller_;  // only there does Python look at signals
  std::chrono::steady_clock::time_point looked_;
  std::atomic<bool> stopped_{false};
  std::optional<nb::python_error> error_;  // under the GIL
  std::mutex mutex_;
  std::vector<std::pair<std::string, std::string>> messages_;  // under the mutex
};

void add_call(nb::module_& module);

}  // namespace vlrm
