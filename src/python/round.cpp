#include "python/round.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>

namespace vlrm::python {

double rounded(double value, int64_t digits) {
  if (!std::isfinite(value) || digits > 323 || value == 0) return value;
  if (digits >= 0) return std::strtod(fmt::format("{:.{}f}", value, digits).c_str(), nullptr);
  if (digits < -308) return std::copysign(0.0, value);
  const double unit = std::pow(10.0, static_cast<double>(-digits));
  return std::nearbyint(value / unit) * unit;
}

}  // namespace vlrm::python
