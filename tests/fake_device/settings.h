// How the fake device behaves, set by environment variables that are read once.
#pragma once

#include <cstdint>
#include <string>

namespace fake_device {

struct Settings {
  int64_t memory = 141'000'000'000;  // FAKE_DEVICE_MEMORY: bytes of each device
  bool dry = false;                  // FAKE_DEVICE_DRY=1: nothing is computed, copied or stored, only counted
  std::string report;                // FAKE_DEVICE_REPORT: file that gets the ledger's report when the program ends
  bool trace = false;                // FAKE_DEVICE_TRACE=1: each launch, copy and wait on standard error
};
const Settings& settings();

}  // namespace fake_device
