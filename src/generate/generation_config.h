// What generation_config.json says: where a text ends.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

namespace vlrm {

// eos_token_id of DIRECTORY/generation_config.json, one or a list; without it that of config.json (or its text_config);
// empty where neither has one. Throws Error naming the file for what is no token.
std::vector<int32_t> stop_tokens(const std::filesystem::path& directory);

}  // namespace vlrm
