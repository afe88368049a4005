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
#include "base/text_width.h"
#include "cli/option_names.h"
#include "cli/terminal_width.h"

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

// Of each line; "" for a process that is alone.
std::string& label() {
  static std::string one;
  return one;
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

std::string amount_text(const ProgressReport& report, double amount) {
  return report.unit == ProgressReport::Unit::bytes ? human_bytes(amount) : fmt::format("{}", amount);
}

std::string rate_text(const ProgressReport& report, double rate) {
  if (report.unit == ProgressReport::Unit::bytes) return human_bytes(rate) + "/s";
  return rate < 10 ? fmt::format("{:.2f}/s", rate) : fmt::format("{:.0f}/s", rate);
}

std::string running_line(const ProgressReport& report, bool with_rate = true, bool with_detail = true) {
  const auto done = static_cast<double>(report.finished);
  const auto total = static_cast<double>(std::max<int64_t>(report.total, 1));
  const double rate = done / std::max(report.seconds, 1e-9);
  const double left = rate > 0 ? std::max(0.0, total - done) / rate : 0;
  return fmt::format("{} {:3.0f} %  {} of {}{}, {} left{}", printable(report.label), 100 * fraction_of(report),
                     amount_text(report, done), amount_text(report, total),
                     with_rate ? ", " + rate_text(report, rate) : "", human_time(left),
                     with_detail && !report.detail.empty() ? ", " + printable(report.detail) : "");
}

std::string last_line(const ProgressReport& report) {
  const auto done = static_cast<double>(report.finished);
  return fmt::format("{}: {} in {:.1f} s, {}", printable(report.label), amount_text(report, done), report.seconds,
                     rate_text(report, done / std::max(report.seconds, 1e-9)));
}

std::string bar(double fraction) {
  constexpr size_t kWidth = 24;
  const auto filled = static_cast<size_t>(std::clamp(fraction, 0.0, 1.0) * kWidth);
  std::string text;
  for (size_t i = 0; i < kWidth; ++i) text += i < filled ? "█" : "░";
  return text;
}

// What of it fits: without the bar, then without the rate, then without the detail, then its beginning.
std::string fitting_line(const ProgressReport& report, size_t width) {
  const std::array lines{bar(fraction_of(report)) + " " + running_line(report), running_line(report),
                         running_line(report, false), running_line(report, false, false)};
  for (const std::string& line : lines)
    if (width_of(line) <= width) return line;
  return std::string(first_columns(lines.back(), width));
}

// A line that reaches the last column would begin another one on some terminals.
size_t room() {
  return std::max<size_t>(terminal_width(STDERR_FILENO).value_or(kUsualWidth), 2) - 1;
}

}  // namespace

void tell(std::string_view line) {
  if (!label().empty()) {  // in one write, so that the lines of several processes stay whole
    const std::string whole = fmt::format("{}{}\n", label(), line);
    std::fwrite(whole.data(), 1, whole.size(), stderr);
    return;
  }
  std::fwrite(line.data(), 1, line.size(), stderr);
  std::fputc('\n', stderr);
}

void begin_lines_with(const std::string& label) {
  vlrm::label() = label;
}

Terminal::Terminal() : is_terminal_(::isatty(STDERR_FILENO) != 0), next_line_(kLogEvery) {}

void Terminal::progress(const ProgressReport& report) {
  if (quiet_) return;
  const bool is_terminal = is_terminal_ && label().empty();
  if (report.state != ProgressReport::State::running) next_line_ = kLogEvery;
  if (report.state == ProgressReport::State::done) {
    tell(is_terminal ? kClearLine + std::string(first_columns(last_line(report), room())) : last_line(report));
  } else if (report.state == ProgressReport::State::failed) {
    // Work that failed says so itself; a last line of progress would only hide it.
    if (is_terminal) std::fputs(kClearLine, stderr);
  } else if (is_terminal) {
    std::fputs((kClearLine + fitting_line(report, room())).c_str(), stderr);
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

void Terminal::forget_signal() {
  signal_that_came.store(0);
}

int Terminal::interrupting_signal() {
  return signal_that_came.load(std::memory_order_relaxed);
}

}  // namespace vlrm
