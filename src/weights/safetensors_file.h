// What the readers of safetensors files share.
#pragma once

#include "base/file.h"
#include "weights/safetensors.h"

namespace vlrm {

// As read_safetensors_header(path), of a file that is open already.
SafetensorsHeader read_safetensors_header(const File& file);

}  // namespace vlrm
