// How a run was made, as its run.json says.
#pragma once

#include <filesystem>

#include "base/json.h"

namespace vlrm {

// Names and texts in the order of a table's columns: {"VLM": "…", "Recipe": "ties, weights vlm 1.0 rm 1.0", …}. What
// run.json does not say, or says in another form than expected, is left out; a bare file of rows gives {}. Throws
// Error where run.json cannot be read.
OrderedJson provenance_json(const std::filesystem::path& run);

}  // namespace vlrm
