// What files hold, in a few digits.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace vlrm {

// 32 hex digits (XXH3, 128 bits): the same for the same bytes only.
std::string content_digest(std::string_view bytes);

// 32 hex digits of what a file holds, whatever its name, place and times are. Large files are read with all threads,
// and not again while they are as they were (see FileStates). Throws Error naming a file that cannot be read.
std::string file_digest(const std::filesystem::path& file);

// The same of many small files in their order, each read by one thread; a file that is missing counts as such.
// Where `known` names a file's digest, it is not read.
std::string files_digest(const std::vector<std::filesystem::path>& files, const std::vector<std::string>& known = {});

}  // namespace vlrm
