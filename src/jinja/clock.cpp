#include "jinja/clock.h"

#include <chrono>
#include <ctime>
#include <optional>
#include <sstream>

#include "base/error.h"
#include "jinja/problem.h"

namespace vlrm::jinja {
namespace {

constexpr int64_t kSecondsADay = 86400;
constexpr size_t kLongestText = 16 << 10;  // of a date

std::optional<int64_t> seconds_of(const std::string& date, const char* layout) {
  std::tm time{};
  const char* end = ::strptime(date.c_str(), layout, &time);
  if (!end || *end != '\0') return std::nullopt;
  const std::chrono::year_month_day day{std::chrono::year(time.tm_year + 1900),
                                        std::chrono::month(static_cast<unsigned>(time.tm_mon) + 1),
                                        std::chrono::day(static_cast<unsigned>(time.tm_mday))};
  if (!day.ok()) return std::nullopt;
  return std::chrono::sys_days(day).time_since_epoch().count() * kSecondsADay;
}

int64_t seconds_of_today() {
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  ::localtime_r(&now, &local);
  local.tm_hour = local.tm_min = local.tm_sec = 0;
  return ::timegm(&local);
}

}  // namespace

Clock Clock::parse_or_throw(const std::string& date) {
  Clock clock;
  if (date == "today") {
    clock.seconds_ = seconds_of_today();
    return clock;
  }
  auto seconds = seconds_of(date, "%Y-%m-%d");
  if (!seconds) seconds = seconds_of(date, "%d %b %Y");
  if (!seconds) fail("\"{}\" is no date: give one like \"01 Jan 2025\", \"2025-01-01\" or \"today\"", printable(date));
  clock.seconds_ = *seconds;
  return clock;
}

std::string Clock::format(const std::string& strftime_format) const {
  if (strftime_format.empty()) return "";
  if (strftime_format.size() > 1000) raise("a date format of more than 1000 bytes is not supported");
  std::string layout;
  for (size_t i = 0; i < strftime_format.size(); ++i) {
    const bool directive = strftime_format[i] == '%' && i + 1 < strftime_format.size();
    const char next = directive ? strftime_format[i + 1] : '\0';
    // A date without time zone has neither a name nor an offset of one; its microseconds are zero.
    if (next == 'f') layout += "000000";
    if (next != 'f' && next != 'z' && next != 'Z') layout += strftime_format[i];
    if (directive && next != 'f' && next != 'z' && next != 'Z') layout += next;
    if (directive) ++i;
  }
  const std::time_t seconds = seconds_;
  std::tm time{};
  ::gmtime_r(&seconds, &time);
  std::string out(64, '\0');
  while (out.size() <= kLongestText) {
    const size_t length = std::strftime(out.data(), out.size(), (layout + "|").c_str(), &time);
    if (length > 0) return out.substr(0, length - 1);
    out.resize(out.size() * 2);
  }
  raise("the date format gives too long a text");
}

std::string Clock::date() const {
  return format("%d %b %Y");
}

}  // namespace vlrm::jinja
