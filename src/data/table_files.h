// The two formats of tables that libvlrm_data reads.
#pragma once

#include <filesystem>
#include <memory>

#include "data/row_file.h"

namespace vlrm {

// Parquet. Row groups are read one at a time, in batches of few rows: memory is that of a page for each column, and of
// the images of a batch.
std::unique_ptr<RowFile> open_parquet(const std::filesystem::path& path);

// Arrow's IPC format, as a stream (what the `datasets` library saves) or with a footer. Record batches are read one at
// a time; their sizes are the writer's choice.
std::unique_ptr<RowFile> open_arrow(const std::filesystem::path& path);

}  // namespace vlrm
