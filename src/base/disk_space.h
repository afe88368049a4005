// Room on a disk, and leave to write there.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

namespace vlrm {

// Bytes that a file at `path`, whose directories need not be there yet, may take; nothing where the system does not
// tell.
std::optional<int64_t> free_space(const std::filesystem::path& path);

// Throws Error where a disk that is known to have less is to take `bytes`.
void require_space(const std::filesystem::path& path, int64_t bytes);

// Throws Error where `path` could not be made, as what is there above it is not a directory or takes no files.
void require_writable(const std::filesystem::path& path);

}  // namespace vlrm
