#include "python/random.h"

#include "support/support.h"

namespace vlrm {
namespace {

// CPython 3.11: random.seed(0); [random.choice(range(n)) for n in …].
TEST(PythonRandom, IsCPythons) {
  PythonRandom random(0);
  std::vector<size_t> drawn;
  for (const size_t count : {8, 8, 8, 8, 1, 3, 10, 1000, 2, 7}) drawn.push_back(random.below(count));
  EXPECT_THAT(drawn, ::testing::ElementsAre(6, 6, 0, 4, 0, 1, 4, 991, 1, 2));
  PythonRandom seeded(12345);
  size_t sum = 0;  // across several refills of the state
  for (int i = 0; i < 5000; ++i) sum += seeded.below(100003) * static_cast<size_t>(i % 7 + 1);
  EXPECT_EQ(sum, 1000091989U);
}

}  // namespace
}  // namespace vlrm
