// How fast a device multiplies.
#pragma once

#include "model/precision.h"

namespace vlrm {

// Floating-point operations a second of a large matrix product in the type that is computed in, measured in about 0.2
// s.
double measured_matrix_rate(const Precision& precision);

}  // namespace vlrm
