// How Qwen3-VL computes.
#pragma once

#include "model/family_parts.h"

namespace vlrm {

extern const FamilyParts kQwen3VlParts;

}  // namespace vlrm
