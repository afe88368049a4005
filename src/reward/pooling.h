// Which token of a text a reward model's head reads.
#pragma once

#include <cstdint>
#include <vector>

#include "architecture/config.h"

namespace vlrm {

// Its place in `ids`, which are not empty and end with the reward token where the config has one. Throws Error where it
// is not known: the text holds pad tokens, and the config does not say what they mean to the head.
int64_t pooled_token(const ModelConfig& config, const std::vector<int32_t>& ids);

}  // namespace vlrm
