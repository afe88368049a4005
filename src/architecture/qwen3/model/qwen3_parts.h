#pragma once

#include "model/family_parts.h"

namespace vlrm {

extern const FamilyParts kQwen3Parts;

}  // namespace vlrm
