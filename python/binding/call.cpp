#include "call.h"

#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

namespace vlrm {
namespace {

constexpr std::chrono::milliseconds kBetweenLooks(50);

const char* name_of(Listener::Kind kind) {
  switch (kind) {
    case Listener::Kind::status:
      return "status";
    case Listener::Kind::note:
      return "note";
    case Listener::Kind::warning:
      break;
  }
  return "warning";
}

const char* name_of(ProgressReport::State state) {
  switch (state) {
    case ProgressReport::State::running:
      return "running";
    case ProgressReport::State::done:
      return "done";
    case ProgressReport::State::failed:
      break;
  }
  return "failed";
}

}  // namespace

void Call::message(Kind kind, const std::string& line) {
  const std::lock_guard lock(mutex_);
  messages_.emplace_back(name_of(kind), line);
}

void Call::progress(const ProgressReport& report) {
  if (progress_.is_none()) return;
  call_back([&] {
    progress_(report.label, report.unit == ProgressReport::Unit::bytes ? "bytes" : "samples", report.finished,
              report.total, name_of(report.state));
  });
}

bool Call::interrupted() {
  if (stopped_ || std::this_thread::get_id() != caller_) return stopped_;
  const auto now = std::chrono::steady_clock::now();
  if (now - looked_ < kBetweenLooks) return false;
  looked_ = now;
  const nb::gil_scoped_acquire held;
  if (PyErr_CheckSignals() != 0) keep(nb::python_error());
  return stopped_;
}

void Call::keep(nb::python_error error) {
  if (!error_) error_.emplace(std::move(error));
  stopped_ = true;
}

void Call::raise_kept() {
  if (!error_) return;
  nb::python_error error = std::move(*error_);
  error_.reset();
  throw error;
}

std::vector<std::pair<std::string, std::string>> Call::take_messages() {
  const std::lock_guard lock(mutex_);
  return std::exchange(messages_, {});
}

void add_call(nb::module_& module) {
  nb::class_<Call>(module, "Call", "What a call tells while it works, and what stops it.")
      .def(nb::init<nb::object>(), nb::arg("progress").none())
      .def("take_messages", &Call::take_messages, "What the work told: (\"note\" or \"warning\", line).")
      .def("raise_kept", &Call::raise_kept, "Raises what came out of a callback too late to end the work.");
}

}  // namespace vlrm
