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

TEST(Accelerators, MayBeThereWhereDriversMadeFiles) {
  const TemporaryDirectory devices;
  EXPECT_FALSE(may_have_accelerator((devices / "none").string()));
  write_text(devices / "null", "");
  EXPECT_FALSE(may_have_accelerator(devices.path().string()));
  for (const char* name : {"nvidia0", "nvidiactl", "kfd", "dxg", "dri"}) {
    write_text(devices / name, "");
    EXPECT_TRUE(may_have_accelerator(devices.path().string())) << name;
    std::filesystem::remove(devices / name);
  }
}

}  // namespace
}  // namespace vlrm::testing
