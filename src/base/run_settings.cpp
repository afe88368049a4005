#include "base/run_settings.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/error.h"

namespace vlrm {
namespace {

constexpr std::array<std::string_view, 5> kMovesDigits{"device", "dtype", "batch_samples", "batch_invariant",
                                                       "threads"};
// Which rows there are at all: tells why their number and digests differ, and says nothing where they are the same.
constexpr const char *kLimit = "limit", *kInput = "input";
// Groups follow from data; the limit is looked at before the others.
constexpr std::array<std::string_view, 5> kNotCompared{"vlrm", "label", "mixed", "groups", kLimit};
constexpr const char *kFormat = "format", *kMixed = "mixed", *kRows = "rows";

bool is_one_of(std::string_view key, const auto& names) {
  return std::ranges::find(names, key) != names.end();
}

// Without the names of what is identified by more than them: a path may be spelled in many ways.
OrderedJson identity(OrderedJson value) {
  if (!value.is_object() || !(value.contains("stamp") || value.contains("digest"))) return value;
  for (const char* name : {"name", "file", "config", "split"}) value.erase(name);
  return value;
}

// Its digits say nothing to a person.
bool is_digest(const OrderedJson& value) {
  if (!value.is_string()) return false;
  const auto& text = value.get_ref<const std::string&>();
  return (text.size() == 16 || text.size() == 32) && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

std::string limit_of(const OrderedJson& settings) {
  const auto found = settings.find(kLimit);
  return found == settings.end() ? "not set" : found->dump();
}

bool have_the_same_input(const OrderedJson& before, const OrderedJson& now) {
  return before.contains(kInput) && now.contains(kInput) && before.at(kInput) == now.at(kInput);
}

std::string in_words(const std::string& key, const OrderedJson& before, const OrderedJson& now) {
  if (is_digest(now) || (now.is_object() && now.contains("text"))) return key + " changed since";
  return fmt::format("{} was {}, now {}", key, before.dump(), now.dump());
}

int64_t format_of(const OrderedJson& settings) {
  const auto found = settings.find(kFormat);
  return found != settings.end() && found->is_number_integer() ? found->get<int64_t>() : 1;
}

// [[first, last], …]
OrderedJson ranges_of(const std::vector<int64_t>& rows) {
  OrderedJson ranges = OrderedJson::array();
  for (const int64_t row : rows) {
    if (!ranges.empty() && ranges.back()[1] == row - 1)
      ranges.back()[1] = row;
    else
      ranges.push_back({row, row});
  }
  return ranges;
}

// Which of the first `rows` rows entries of "mixed" name, as far as they can be read.
std::vector<bool> named_rows(const OrderedJson& mixed, size_t rows) {
  std::vector<int64_t> begun(rows + 1);  // ranges that begin at a row, less those that ended before it
  for (const OrderedJson& entry : mixed) {
    if (!entry.is_object() || !entry.contains(kRows) || !entry.at(kRows).is_array()) continue;
    for (const OrderedJson& range : entry.at(kRows)) {
      if (!range.is_array() || range.size() != 2 || !range[0].is_number_integer() || !range[1].is_number_integer())
        continue;
      const int64_t first = std::max<int64_t>(0, range[0].get<int64_t>());
      const int64_t last = std::min(range[1].get<int64_t>(), static_cast<int64_t>(rows) - 1);
      if (first > last) continue;
      ++begun[static_cast<size_t>(first)];
      --begun[static_cast<size_t>(last) + 1];
    }
  }
  std::vector<bool> named;
  int64_t open = 0;
  for (const int64_t more : begun) named.push_back((open += more) > 0);
  return named;
}

OrderedJson digits_of(const OrderedJson& settings) {
  OrderedJson digits = OrderedJson::object();
  for (const std::string_view key : kMovesDigits)
    if (settings.contains(key)) digits[std::string(key)] = settings.at(std::string(key));
  return digits;
}

}  // namespace

std::optional<SettingsDifference> settings_difference(const OrderedJson& before, const OrderedJson& now) {
  if (!before.is_object()) return SettingsDifference{"other settings"};
  if (format_of(before) != format_of(now))
    return SettingsDifference{fmt::format("their format was {}, now {}: another version of vlrm made them",
                                          format_of(before), format_of(now))};
  if (limit_of(before) != limit_of(now) && !have_the_same_input(before, now))
    return SettingsDifference{fmt::format("{} was {}, now {}", kLimit, limit_of(before), limit_of(now))};
  std::optional<SettingsDifference> digits;
  for (const auto& [key, value] : now.items()) {
    if (is_one_of(key, kNotCompared)) continue;
    if (!before.contains(key)) return SettingsDifference{key + " is new"};
    if (identity(before.at(key)) == identity(value)) continue;
    const std::string words = in_words(key, before.at(key), value);
    if (!is_one_of(key, kMovesDigits)) return SettingsDifference{words};
    if (!digits) digits = SettingsDifference{words, true};
  }
  for (const auto& [key, value] : before.items())
    if (!now.contains(key) && !is_one_of(key, kNotCompared))
      return SettingsDifference{fmt::format("{} was {}, now there is none", key, value.dump())};
  return digits;
}

void refuse_other_settings(const std::string& output, const OrderedJson& before, const OrderedJson& now, bool mixed) {
  const auto difference = settings_difference(before, now);
  if (!difference || (mixed && difference->only_digits)) return;
  fail("{}: made with other settings ({}); {}`force` starts again", output, difference->text,
       difference->only_digits ? "`resume_mixed` resumes anyway, " : "");
}

OrderedJson mixed_settings(const OrderedJson& before, OrderedJson now, const std::vector<int64_t>& rows) {
  OrderedJson mixed = before.value(kMixed, OrderedJson::array());
  if (!mixed.is_array()) mixed = OrderedJson::array();
  const OrderedJson digits = digits_of(before);
  if (digits != digits_of(now)) {
    const std::vector<bool> named = named_rows(mixed, rows.empty() ? 0 : static_cast<size_t>(rows.back()) + 1);
    std::vector<int64_t> others;
    std::ranges::copy_if(rows, std::back_inserter(others),
                         [&](int64_t row) { return !named[static_cast<size_t>(row)]; });
    if (!others.empty()) {
      OrderedJson entry{{kRows, ranges_of(others)}};
      entry.update(digits);
      mixed.push_back(std::move(entry));
    }
  }
  if (!mixed.empty()) now[kMixed] = std::move(mixed);
  return now;
}

}  // namespace vlrm
