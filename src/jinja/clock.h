// The date that a template may ask for.
#pragma once

#include <cstdint>
#include <string>

namespace vlrm::jinja {

// What `strftime_now` answers. A template that asks whether it is defined falls back on a date of its own without it.
class Clock {
 public:
  // "01 Jan 2025", "2025-01-01" or "today". Throws Error for anything else.
  static Clock parse_or_throw(const std::string& date);
  // As Python's datetime.strftime. Throws Problem for a format that is too long or gives too long a text.
  std::string format(const std::string& strftime_format) const;
  std::string date() const;  // "01 Jan 2025", as recorded with results

 private:
  int64_t seconds_ = 0;  // since 1970, of local midnight taken as UTC
};

}  // namespace vlrm::jinja
