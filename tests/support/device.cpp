#include "support/device.h"

#include <dlfcn.h>

#include <cstdlib>
#include <stdexcept>

namespace vlrm::testing {

std::string test_device() {
  const char* chosen = std::getenv("VLRM_TEST_DEVICE");
  std::string device = chosen ? chosen : "cpu";
  if (device.starts_with("fake")) open_fake_device();
  return device;
}

bool on_cpu() {
  return test_device() == "cpu";
}

void open_fake_device() {
  // OpenMP reads this as libtorch is loaded; spinning threads would take ten times as long where tests run in parallel.
  ::setenv("OMP_WAIT_POLICY", "passive", /*overwrite=*/0);
  if (::dlopen(VLRM_FAKE_DEVICE, RTLD_NOW | RTLD_GLOBAL) == nullptr)
    throw std::runtime_error(std::string("the fake device cannot be opened: ") + ::dlerror());
}

}  // namespace vlrm::testing
