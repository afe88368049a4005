#pragma once

#include "model/family_parts.h"

namespace vlrm {

extern const FamilyParts kQwen2Parts;

}  // namespace vlrm
