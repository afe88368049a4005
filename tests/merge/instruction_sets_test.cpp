// The kernels as compiled for one instruction set each, against those that this processor chooses when the program
// starts.
#include <array>
#include <cstdio>

#include "base/target_clones.h"
#include "merge/digests.h"
#include "support/support.h"

namespace vlrm::testing {
namespace {

std::string output_of(const std::string& command) {
  std::FILE* pipe = ::popen(command.c_str(), "r");
  std::string output;
  std::array<char, 4096> buffer;
  for (size_t count = 0; (count = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;)
    output.append(buffer.data(), count);
  return ::pclose(pipe) == 0 ? output : "failed: " + command;
}

TEST(InstructionSets, GiveTheSameBytes) {
  const std::string chosen = digests_of_all_methods();
  EXPECT_EQ(output_of(VLRM_DIGESTS "_baseline"), chosen);
#ifdef __x86_64__
  if (__builtin_cpu_supports("avx2")) {
    EXPECT_EQ(output_of(VLRM_DIGESTS "_avx2"), chosen);
  }
  if (runs_x86_64_v4()) {
    EXPECT_EQ(output_of(VLRM_DIGESTS "_avx512"), chosen);
  }
#endif
}

}  // namespace
}  // namespace vlrm::testing
