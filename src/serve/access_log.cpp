#include "serve/access_log.h"

#include <algorithm>
#include <cmath>
#include <ctime>

#include "base/claim.h"
#include "base/error.h"
#include "base/json.h"

namespace vlrm {
namespace {

std::string utc_now() {
  const auto now = std::chrono::system_clock::now();
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count() % 1000;
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday,
                     utc.tm_hour, utc.tm_min, utc.tm_sec, ms);
}

}  // namespace

std::string request_id(const httplib::Request& request) {
  constexpr size_t kLongest = 128;
  std::string given = request.get_header_value("X-Request-Id");
  const auto fit = [](unsigned char c) { return c > ' ' && c < 127; };
  if (!given.empty() && given.size() <= kLongest && std::ranges::all_of(given, fit)) return given;
  return random_id();
}

std::string log_line(const AnsweredRequest& answered, const httplib::Request& request, int status, double seconds) {
  const OrderedJson line = {{"time", utc_now()},
                            {"request_id", answered.id},
                            {"client", request.remote_addr},
                            {"method", printable(request.method)},
                            {"path", printable(request.path)},
                            {"status", status},
                            {"ms", std::round(seconds * 1e4) / 10},
                            {"bytes", answered.bytes},
                            {"texts", answered.texts},
                            {"tokens", answered.tokens}};
  return line.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
}

}  // namespace vlrm
