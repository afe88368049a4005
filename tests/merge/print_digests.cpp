// Prints a digest of what each method makes of random values. Compiled for several instruction sets: see
// instruction_sets_test.cpp.
#include <fmt/format.h>

#include "merge/digests.h"

int main() {
  fmt::print("{}", vlrm::testing::digests_of_all_methods());
  return 0;
}
