#include "model/accelerator.h"

#include <cstdlib>

#include "support/support.h"

namespace vlrm::testing {
namespace {

TEST(UnusedGpu, IsToldWhereItsDeviceFileIs) {
  const TemporaryDirectory devices;
  ::unsetenv("CUDA_VISIBLE_DEVICES");
  EXPECT_FALSE(unused_gpu_note(devices.path().string()));
  write_text(devices / "nvidia0", "");
  EXPECT_TRUE(unused_gpu_note(devices.path().string()));
  ::setenv("CUDA_VISIBLE_DEVICES", "", 1);  // hidden on purpose
  EXPECT_FALSE(unused_gpu_note(devices.path().string()));
  ::unsetenv("CUDA_VISIBLE_DEVICES");
}

}  // namespace
}  // namespace vlrm::testing
