// Cells laid out as a table: for a terminal, Markdown, LaTeX or a page.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vlrm {

enum class Layout { text, markdown, latex, html };

struct GridColumn {
  std::string group;  // a heading above neighbours that share it; may be empty
  std::string name;
};

// The first column is set to the left, the others to the right.
struct Grid {
  std::string title;
  std::vector<GridColumn> columns;
  std::vector<std::vector<std::string>> rows;  // cells, marked up for the layout; in text, '\n' starts another line
  std::vector<std::string> notes;              // lines beneath
};

// Text fit for a cell, a heading or a note.
std::string escaped(std::string_view text, Layout layout);

// The table with a newline at its end. Text keeps to `width` columns (none: 100) by wrapping the first column, as long
// as 16 are left for it; where a width is given that the others do not fit in, it is a list, a line for each cell.
// LaTeX is a table of the package booktabs, HTML a figure.
std::string rendered(const Grid& grid, Layout layout, std::optional<size_t> width = {});

}  // namespace vlrm
