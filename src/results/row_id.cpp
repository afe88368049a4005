#include "results/row_id.h"

#include <cmath>

#include "python/json.h"

namespace vlrm {

OrderedJson whole_number(OrderedJson value) {
  constexpr double kExact = 9007199254740992;  // 2^53
  if (!value.is_number_float()) return value;
  const double number = value.get<double>();
  if (std::trunc(number) == number && std::abs(number) < kExact) return static_cast<int64_t>(number);
  return value;
}

std::string id_text(const OrderedJson& id) {
  return id.is_string() ? id.get<std::string>() : python_json(id);
}

}  // namespace vlrm
