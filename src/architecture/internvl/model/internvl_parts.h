// How InternVL computes.
#pragma once

#include "model/family_parts.h"

namespace vlrm {

extern const FamilyParts kInternVlParts;

}  // namespace vlrm
