// InternVL as its makers publish it: the names and fields of their own code, and queries, keys and values in one
// tensor.
#pragma once

#include "architecture/architecture.h"

namespace vlrm {

extern const OriginalLayout kInternVlOriginal;

// The canonical name of a tensor of this layout; others stay as they are.
std::string internvl_name_of_original(const std::string& name);

}  // namespace vlrm
