#include "cli/terminal.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <exception>

#include "base/error.h"
#include "base/progress.h"
#include "cli/option_names.h"

namespace vlrm {
namespace {

constexpr double kLogEvery = 10;         // seconds
constexpr size_t kLongestLine = 10'000;  // bytes
constexpr const char* kClearLine = "\r\033[K";

std::atomic<int> signal_that_came{0};
static_assert(std::atomic<int>::is_always_lock_free);  // else a signal handler must not touch it
constexpr std::array kSignals{SIGINT, SIGTERM, SIGHUP};
std::array<struct sigaction, kSignals.size()> actions_before{};

extern "C" void note_signal(int signal) {
  signal_that_came.store(signal);
}

std::string human_time(double seconds) {
  const auto whole = static_cast<int64_t>(std::llround(seconds));
  if (whole < 60) return fmt::format("{}s", whole);
  if (whole < 3600) return fmt::format("{}m{:02}s", whole / 60, whole % 60);
  return fmt::format("{}h{:02}m", whole / 3600, whole / 60 % 60);
}

double fraction_of(const ProgressReport& report) {
  return static_cast<double>(report.finished) / static_cast<double>(std::max<int64_t>(report.total, 1));
}

std::string running_line(const ProgressReport& report) {
  const auto done = static_cast<double>(report.finished);
  const auto total = static_cast<double>(std::max<int64_t>(report.total, 1));
  const double rate = done / std::max(report.seconds, 1e-9);
  const double left = rate > 0 ? std::max(0.0, total - done) / rate : 0;
  const std::string amount =
      report.unit == ProgressReport::Unit::bytes
          ? fmt::format("{} of {}, {}/s", human_bytes(done), human_bytes(total), human_bytes(rate))
          : fmt::format("{} of {}, {:.2f}/s", done, total, rate);
  const std::string detail = report.detail.empty() ? "" : ", " + printable(report.detail);
  return fmt::format("{} {:3.0f} %  {}, {} left{}", printable(report.label), 100 * fraction_of(report), amount,
                     human_time(left), detail);
}

std::string last_line(const ProgressReport& report) {
  const bool bytes = report.unit == ProgressReport::Unit::bytes;
  const auto done = static_cast<double>(report.finished);
  const double rate = done / std::max(report.seconds, 1e-9);
  return fmt::format("{}: {} in {:.1f} s, {}/s", printable(report.label),
                     bytes ? human_bytes(done) : fmt::format("{}", report.finished), report.seconds,
                     bytes ? human_bytes(rate) : fmt::format("{:.2f}", rate));
}

std::string bar(double fraction) {
  constexpr size_t kWidth = 24;
  const auto filled = static_cast<size_t>(std::clamp(fraction, 0.0, 1.0) * kWidth);
  std::string text;
  for (size_t i = 0; i < kWidth; ++i) text += i < filled ? "█" : "░";
  return text;
}

}  // namespace

void tell(std::string_view line) {
  std::fwrite(line.data(), 1, line.size(), stderr);
  std::fputc('\n', stderr);
}

Terminal::Terminal() : is_terminal_(::isatty(STDERR_FILENO) != 0), next_line_(kLogEvery) {}

void Terminal::progress(const ProgressReport& report) {
  if (quiet_) return;
  if (report.state != ProgressReport::State::running) next_line_ = kLogEvery;
  if (report.state == ProgressReport::State::done) {
    tell((is_terminal_ ? kClearLine : "") + last_line(report));
  } else if (report.state == ProgressReport::State::failed) {
    // Work that failed says so itself; a last line of progress would only hide it.
    if (is_terminal_) std::fputs(kClearLine, stderr);
  } else if (is_terminal_) {
    std::fputs(fmt::format("{}{} {}", kClearLine, bar(fraction_of(report)), running_line(report)).c_str(), stderr);
    std::fflush(stderr);
  } else if (report.seconds >= next_line_) {
    next_line_ = report.seconds + kLogEvery;
    tell(running_line(report));
  }
}

void Terminal::message(Kind kind, const std::string& line) {
  tell((kind == Kind::note      ? "note: "
        : kind == Kind::warning ? "warning: "
                                : "") +
       with_option_names(printable(line, kLongestLine)));
}

void Terminal::output_begins() {
  if (outputs_++ > 0) return;
  struct sigaction action {};
  action.sa_handler = note_signal;
  action.sa_flags = SA_RESTART | static_cast<int>(SA_RESETHAND);
  for (size_t i = 0; i < kSignals.size(); ++i) {
    ::sigaction(kSignals[i], nullptr, &actions_before[i]);
    if (actions_before[i].sa_handler != SIG_IGN) ::sigaction(kSignals[i], &action, nullptr);
  }
}

void Terminal::output_ends() {
  if (--outputs_ > 0) return;
  for (size_t i = 0; i < kSignals.size(); ++i) ::sigaction(kSignals[i], &actions_before[i], nullptr);
  const int signal = interrupting_signal();
  if (signal != 0 && std::uncaught_exceptions() == 0) ::raise(signal);
}

int Terminal::interrupting_signal() {
  return signal_that_came.load(std::memory_order_relaxed);
}

}  // namespace vlrm
