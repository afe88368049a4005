// How Qwen2.5-VL computes.
#pragma once

#include "model/family_parts.h"

namespace vlrm {

extern const FamilyParts kQwen2_5VlParts;

}  // namespace vlrm
