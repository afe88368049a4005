#include "cli/printed_tables.h"

#include <unistd.h>

#include <utility>

#include "base/error.h"
#include "cli/terminal_width.h"

namespace vlrm {

void print_tables(const std::vector<Grid>& tables, Layout layout) {
  const char* separator = "";
  for (const Grid& table : tables)
    fmt::print("{}{}", std::exchange(separator, "\n"), rendered(table, layout, terminal_width(STDOUT_FILENO)));
}

}  // namespace vlrm
