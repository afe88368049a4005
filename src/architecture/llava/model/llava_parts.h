// How LLaVA-NeXT and LLaVA-OneVision compute.
#pragma once

#include "model/family_parts.h"

namespace vlrm {

extern const FamilyParts kLlavaNextParts, kLlavaOneVisionParts;

}  // namespace vlrm
