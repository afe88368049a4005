#include "base/nearest.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/joined.h"

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

std::vector<std::string_view> nearest_first(std::string_view name, std::span<const std::string_view> known) {
  std::vector<std::string_view> sorted(known.begin(), known.end());
  std::ranges::stable_sort(sorted, {}, [&](std::string_view each) { return edit_distance(name, each); });
  return sorted;
}

std::string_view compared(std::string_view name) {
  return name.substr(0, 64);  // names are strangers' and may be long
}

}  // namespace

std::optional<std::string_view> near_name(std::string_view name, std::span<const std::string_view> known) {
  if (known.empty()) return std::nullopt;
  const std::string_view nearest = nearest_first(compared(name), known).front();
  const bool near = edit_distance(compared(name), nearest) <= std::max<size_t>(1, (nearest.size() + 1) / 3);
  return near ? std::optional(nearest) : std::nullopt;
}

std::string suggestion(std::string_view name, std::span<const std::string_view> known) {
  VLRM_ASSERT(!known.empty());
  if (const auto near = near_name(name, known)) return fmt::format("did you mean \"{}\"?", *near);
  return "known are: " + joined(nearest_first(compared(name), known));
}

}  // namespace vlrm
