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

// How many letters to insert, remove or replace, or to swap with the next one.
size_t edit_distance(std::string_view from, std::string_view to) {
  std::vector<size_t> before_last, last, row(to.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= from.size(); ++i) {
    before_last = std::exchange(last, row);
    row[0] = i;
    for (size_t j = 1; j <= to.size(); ++j) {
      row[j] = std::min({last[j - 1] + (from[i - 1] == to[j - 1] ? 0 : 1), last[j] + 1, row[j - 1] + 1});
      const bool swapped = i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1];
      if (swapped) row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
  }
  return row.back();
}

// What counts of a name: not the dashes of an option, nor capitals. Names are strangers' and may be long.
std::string compared(std::string_view name) {
  name.remove_prefix(std::min(name.find_first_not_of('-'), name.size()));
  std::string letters(name.substr(0, 64));
  for (char& letter : letters)
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  return letters;
}

std::vector<std::string_view> nearest_first(std::string_view name, std::span<const std::string_view> known) {
  const std::string letters = compared(name);
  std::vector<std::string_view> sorted(known.begin(), known.end());
  std::ranges::stable_sort(sorted, {}, [&](std::string_view each) { return edit_distance(letters, compared(each)); });
  return sorted;
}

}  // namespace

std::optional<std::string_view> near_name(std::string_view name, std::span<const std::string_view> known) {
  if (known.empty()) return std::nullopt;
  const std::string_view nearest = nearest_first(name, known).front();
  const std::string letters = compared(nearest);
  const bool near = edit_distance(compared(name), letters) <= std::max<size_t>(1, (letters.size() + 1) / 3);
  return near ? std::optional(nearest) : std::nullopt;
}

std::string suggestion(std::string_view name, std::span<const std::string_view> known) {
  VLRM_ASSERT(!known.empty());
  if (const auto near = near_name(name, known)) return fmt::format("did you mean \"{}\"?", *near);
  return "known are: " + joined(nearest_first(name, known));
}

}  // namespace vlrm
