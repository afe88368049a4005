// How much room a line has.
#pragma once

#include <cstddef>
#include <optional>

namespace vlrm {

constexpr size_t kUsualWidth = 80;

// Columns of the terminal that an open file is, or those that the environment variable COLUMNS says; nothing where
// there is neither.
std::optional<size_t> terminal_width(int descriptor);

}  // namespace vlrm
