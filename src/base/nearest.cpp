#include "base/nearest.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

#include "base/error.h"

namespace vlrm {
namespace {

// How many letters to insert, remove or replace.
size_t edit_distance(std::string_view from, std::string_view to) {
  std::vector<size_t> row(to.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < from.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i + 1);
    for (size_t j = 0; j < to.size(); ++j) {
      const size_t replaced = diagonal + (from[i] == to[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

}  // namespace

std::string suggestion(std::string_view name, std::span<const std::string_view> known) {
  VLRM_ASSERT(!known.empty());
  constexpr size_t kCompared = 64;  // names are strangers' and may be long
  const auto distance = [&](std::string_view each) { return edit_distance(name.substr(0, kCompared), each); };
  std::vector<std::string_view> sorted(known.begin(), known.end());
  std::ranges::stable_sort(sorted, {}, distance);
  const std::string_view nearest = sorted.front();
  if (distance(nearest) <= std::max<size_t>(1, nearest.size() / 3)) return fmt::format("did you mean \"{}\"?", nearest);
  std::string list;
  for (const std::string_view each : sorted) list.append(list.empty() ? "" : ", ").append(each);
  return "known are: " + list;
}

}  // namespace vlrm
