// An embedding matrix with more rows than it had.
#pragma once

#include <string>

#include "weights/checkpoint.h"

namespace vlrm {

// `source` with its matrix `name` cut or grown to `rows` rows, as float32. New rows are the mean of all rows of `name`
// in `donor`, which has as many columns: how transformers fills rows that belong to no token. Throws Error where the
// shapes do not fit.
CheckpointPtr with_rows(CheckpointPtr source, const std::string& name, int64_t rows, CheckpointPtr donor);

}  // namespace vlrm
