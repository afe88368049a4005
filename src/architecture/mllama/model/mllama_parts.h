#pragma once

#include "model/family_parts.h"

namespace vlrm {

extern const FamilyParts kMllamaParts;

}  // namespace vlrm
