// A checkpoint of a known family under canonical names.
#pragma once

#include "architecture/read_model.h"

namespace vlrm::testing {

inline CheckpointPtr open_canonical(const std::filesystem::path& directory) {
  return read_model(ModelFiles(directory), "model", {}).weights;
}

}  // namespace vlrm::testing
