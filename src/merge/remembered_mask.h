// A mask that several passes read and that is drawn once.
#pragma once

#include "merge/masks.h"

namespace vlrm {

// `mask`, a bit an element of which stays in memory once it was read: at most `most` bytes of the tensor's first
// elements. The rest, and what is not read in whole groups of kRememberedGroup elements, comes from `mask` every time.
constexpr int64_t kRememberedGroup = 2048;
std::unique_ptr<ElementMask> remembered(std::shared_ptr<const ElementMask> mask, int64_t elements, int64_t most);

}  // namespace vlrm
