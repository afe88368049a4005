// Where models run in tests.
#pragma once

#include <string>

namespace vlrm::testing {

// $VLRM_TEST_DEVICE, else "cpu". "fake" is the strict device of tests/fake_device, which is opened here.
std::string test_device();

// On the CPU, half types are computed in float32, and to the last bit no result depends on what else is computed.
bool on_cpu();

// Makes the device "fake" known to libtorch. Throws where its library was not built.
void open_fake_device();

}  // namespace vlrm::testing
