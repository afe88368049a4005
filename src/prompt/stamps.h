// Short digests by which a run tells whether what its scores depend on is still the same.
#pragma once

#include <filesystem>
#include <string>

namespace vlrm {

// Hex digest of what a model's files hold: config, tokenizer, chat template, image processor and weights, wherever the
// directory lies and whenever they were written. Reads them all (see file_digest). Throws Error naming a file that
// cannot be read.
std::string directory_stamp(const std::filesystem::path& directory);

}  // namespace vlrm
