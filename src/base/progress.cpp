#include "base/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <exception>

#include "base/tell.h"

namespace vlrm {
namespace {

std::atomic<bool> quiet_mode{false};

constexpr int64_t kTerminalEveryMs = 100;
constexpr int64_t kLogEveryMs = 10'000;

std::string human_time(double seconds) {
  const auto whole = static_cast<int64_t>(std::llround(seconds));
  if (whole < 60) return fmt::format("{}s", whole);
  if (whole < 3600) return fmt::format("{}m{:02}s", whole / 60, whole % 60);
  return fmt::format("{}h{:02}m", whole / 3600, whole / 60 % 60);
}

}  // namespace

std::string human_bytes(double bytes) {
  constexpr std::array<const char*, 5> kUnits{"B", "KiB", "MiB", "GiB", "TiB"};
  size_t unit = 0;
  while (bytes >= 1024 && unit + 1 < kUnits.size()) bytes /= 1024, ++unit;
  return unit == 0 ? fmt::format("{:.0f} B", bytes) : fmt::format("{:.1f} {}", bytes, kUnits[unit]);
}

void Progress::set_quiet(bool quiet) {
  quiet_mode.store(quiet);
}

Progress::Progress(std::string label, int64_t total, Unit unit)
    : label_(std::move(label)),
      total_(total),
      unit_(unit),
      start_(std::chrono::steady_clock::now()),
      terminal_(::isatty(STDERR_FILENO) != 0),
      next_show_ms_(terminal_ ? kTerminalEveryMs : kLogEveryMs) {}

Progress::~Progress() {
  // Work that failed says so itself; a last line of progress would only hide it.
  const bool finished = std::uncaught_exceptions() == 0;
  if (finished)
    show(true);
  else if (terminal_ && !quiet_mode.load())
    std::fputs("\r\033[K", stderr);
}

void Progress::advance(int64_t amount) {
  done_ += amount;
  const auto elapsed = std::chrono::steady_clock::now() - start_;
  const int64_t now_ms = std::chrono::duration_cast<std::chrono::milliseconds>(elapsed).count();
  int64_t due = next_show_ms_.load();
  const int64_t every = terminal_ ? kTerminalEveryMs : kLogEveryMs;
  if (now_ms >= due && next_show_ms_.compare_exchange_strong(due, now_ms + every)) show(false);
}

void Progress::set_detail(std::string detail) {
  const std::lock_guard lock(mutex_);
  detail_ = std::move(detail);
}

std::string Progress::line(double seconds) const {
  const auto done = static_cast<double>(done_.load());
  const auto total = static_cast<double>(std::max<int64_t>(total_, 1));
  const double rate = done / std::max(seconds, 1e-9);
  const double left = rate > 0 ? std::max(0.0, total - done) / rate : 0;
  const std::string amount =
      unit_ == Unit::bytes ? fmt::format("{} of {}, {}/s", human_bytes(done), human_bytes(total), human_bytes(rate))
                           : fmt::format("{} of {}, {:.2f}/s", done, total, rate);
  const std::string detail = detail_.empty() ? "" : ", " + detail_;
  return fmt::format("{} {:3.0f} %  {}, {} left{}", label_, 100 * done / total, amount, human_time(left), detail);
}

void Progress::show(bool last) {
  if (quiet_mode.load()) return;
  const std::lock_guard lock(mutex_);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  if (last) {
    const auto done = static_cast<double>(done_.load());
    const std::string rate = unit_ == Unit::bytes ? human_bytes(done / std::max(seconds, 1e-9)) + "/s"
                                                  : fmt::format("{:.2f}/s", done / std::max(seconds, 1e-9));
    const std::string amount = unit_ == Unit::bytes ? human_bytes(done) : fmt::format("{}", done);
    tell(fmt::format("{}{}: {} in {:.1f} s, {}", terminal_ ? "\r\033[K" : "", label_, amount, seconds, rate));
    return;
  }
  if (!terminal_) {
    tell(line(seconds));
    return;
  }
  const double fraction = static_cast<double>(done_.load()) / static_cast<double>(std::max<int64_t>(total_, 1));
  const auto filled = static_cast<size_t>(std::clamp(fraction, 0.0, 1.0) * 24);
  std::string bar;
  for (size_t i = 0; i < 24; ++i) bar += i < filled ? "█" : "░";
  std::fputs(fmt::format("\r\033[K{} {}", bar, line(seconds)).c_str(), stderr);
  std::fflush(stderr);
}

}  // namespace vlrm
