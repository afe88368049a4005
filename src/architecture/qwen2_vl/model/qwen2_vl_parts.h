// How Qwen2-VL computes.
#pragma once

#include "model/family_parts.h"

namespace vlrm {

extern const FamilyParts kQwen2VlParts;

}  // namespace vlrm
