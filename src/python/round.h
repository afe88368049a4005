// Python's round.
#pragma once

#include <cstdint>

namespace vlrm::python {

// round(value, digits): to that many decimal digits (negative: to tens, hundreds …), exact in decimal, half to even.
double rounded(double value, int64_t digits);

}  // namespace vlrm::python
