#include "base/own_library.h"
#include "data/row_file.h"

namespace vlrm {

std::unique_ptr<RowFile> open_table(const std::filesystem::path& path) {
  using OpenTable = RowFile* (*)(const std::filesystem::path*);
  static const OwnLibrary library{
      "libvlrm_data.so",
      "VLRM_DATA_LIBRARY",
      "reads parquet and Arrow files, and is built where pyarrow is (cmake -DVLRM_ARROW=ON)",
      "pyarrow",
      "VLRM_PYARROW",
      VLRM_BUILT_WITH_PYARROW,
      1,
      {"libarrow.so.*", "libparquet.so.*"},
      {}};
  static const auto open = reinterpret_cast<OpenTable>(load_own_library(library, "vlrm_open_table"));
  return std::unique_ptr<RowFile>(open(&path));
}

}  // namespace vlrm
