#include "model/rows.h"

#include <algorithm>

namespace vlrm {

std::vector<Rows::Slice> Rows::slices(int64_t rows, int64_t most) const {
  std::vector<Slice> result;
  for_each_call(rows, [&](int64_t first, int64_t length) {
    for (const int64_t end = first + length; first < end;) {
      const int64_t part = std::min(most, end - first);
      if (result.empty() || result.back().length + part > most) result.push_back({first, 0, {}});
      result.back().length += part;
      result.back().pieces.push_back(part);
      first += part;
    }
  });
  return result;
}

}  // namespace vlrm
