// What a column says of each row of a run: a field of its own rows, or a column of the dataset that it was scored on.
#pragma once

#include <string>
#include <vector>

#include "results/result_folder.h"

namespace vlrm {

// A text for each row of the run, in order; numbers, lists and the like as JSON, "none" for null and for what is not
// there. Fields of the result rows come first; else `column` is read from the dataset `data`, or, where that is empty,
// from the one that run.json names. Throws OptionError, with the names that there are, where neither has the column;
// Error where the dataset cannot be read, or has other rows: another number of them, or other ids.
std::vector<std::string> row_values(const RunResults& run, const std::string& column, const std::string& data = "");

}  // namespace vlrm
