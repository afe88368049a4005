#include "base/progress.h"

#include <fmt/format.h>

#include <array>
#include <exception>

#include "base/listening.h"

namespace vlrm {
namespace {

constexpr int64_t kEveryMs = 100;

}  // namespace

std::string human_bytes(double bytes) {
  constexpr std::array<const char*, 5> kUnits{"B", "KiB", "MiB", "GiB", "TiB"};
  size_t unit = 0;
  while (bytes >= 1024 && unit + 1 < kUnits.size()) bytes /= 1024, ++unit;
  return unit == 0 ? fmt::format("{:.0f} B", bytes) : fmt::format("{:.1f} {}", bytes, kUnits[unit]);
}

Progress::Progress(std::string label, int64_t total, Unit unit)
    : listener_(current_listener()), start_(std::chrono::steady_clock::now()), next_report_ms_(kEveryMs) {
  report_.label = std::move(label);
  report_.unit = unit;
  report_.total = total;
}

Progress::~Progress() {
  report(std::uncaught_exceptions() == 0 ? ProgressReport::State::done : ProgressReport::State::failed);
}

void Progress::advance(int64_t amount) {
  finished_ += amount;
  const auto elapsed = std::chrono::steady_clock::now() - start_;
  const int64_t now_ms = std::chrono::duration_cast<std::chrono::milliseconds>(elapsed).count();
  int64_t due = next_report_ms_.load();
  if (now_ms >= due && next_report_ms_.compare_exchange_strong(due, now_ms + kEveryMs))
    report(ProgressReport::State::running);
}

void Progress::set_detail(std::string detail) {
  const std::lock_guard lock(mutex_);
  report_.detail = std::move(detail);
}

void Progress::report(ProgressReport::State state) {
  if (listener_ == nullptr) return;
  const std::lock_guard lock(mutex_);
  report_.state = state;
  report_.finished = finished_.load();
  report_.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  listener_->progress(report_);
}

}  // namespace vlrm
