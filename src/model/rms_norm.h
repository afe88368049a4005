// Root mean square normalisation (Zhang and Sennrich 2019), as Llama has it.
#pragma once

#include "model/aten.h"

namespace vlrm {

// Over the last dimension, computed in float32, rounded to x's type before the weight is multiplied in.
at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double epsilon);

}  // namespace vlrm
