#include "python/round.h"

#include "support/support.h"

namespace vlrm::python {
namespace {

// CPython 3.11's round().
TEST(Round, IsExactInDecimal) {
  EXPECT_EQ(rounded(2.675, 2), 2.67);
  EXPECT_EQ(rounded(0.125, 2), 0.12);
  EXPECT_EQ(rounded(-0.000005, 5), -1e-05);
  EXPECT_EQ(rounded(1234.5, -2), 1200.0);
  EXPECT_EQ(rounded(250.0, -2), 200.0);
  EXPECT_EQ(rounded(1e300, -400), 0.0);
  EXPECT_EQ(rounded(1.5, 400), 1.5);
}

}  // namespace
}  // namespace vlrm::python
