// What results depend on, as it is kept beside them: whether another run may go on with them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"

namespace vlrm {

// The way in which results and their settings are written; its number stands in the settings as "format". Results of
// another one cannot be gone on with.
constexpr int kResultsFormat = 2;

struct SettingsDifference {
  std::string text;
  bool only_digits = false;  // only of what may move the last digits: device, dtype, batch_samples, threads
};

// What keeps a run with the settings `now` from going on with what `before` made, if anything does. Content decides:
// the program's version, labels and the rows' groups are not compared; of an object with a "stamp" or a "digest", which
// alone says what something is, neither are "name", "file", "config" and "split".
std::optional<SettingsDifference> settings_difference(const OrderedJson& before, const OrderedJson& now);

// Throws Error naming `output` where there is a difference; with `mixed`, only where it is not one of digits.
void refuse_other_settings(const std::string& output, const OrderedJson& before, const OrderedJson& now, bool mixed);

// The settings of results in which `rows` (numbers from 0, in increasing order) were made with `before`, and the others
// with `now`. Where digits may differ, "mixed" says for which rows: {"rows": [[0, 7]], "threads": 1} (first and last).
OrderedJson mixed_settings(const OrderedJson& before, OrderedJson now, const std::vector<int64_t>& rows);

}  // namespace vlrm
