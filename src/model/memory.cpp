#include "model/memory.h"

#include <ATen/DeviceAccelerator.h>
#include <sys/resource.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <optional>
#include <string>

namespace vlrm {
namespace {

constexpr int64_t kUnlimited = std::numeric_limits<int64_t>::max();

// The number after `key` at the start of a line of /proc files, in bytes.
std::optional<int64_t> proc_bytes(const char* path, const std::string& key) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);)
    if (line.starts_with(key)) return std::strtoll(line.c_str() + key.size(), nullptr, 10) * 1024;
  return std::nullopt;
}

std::optional<int64_t> number_in(const std::string& path) {
  std::ifstream file(path);
  int64_t number = 0;
  if (file >> number) return number;
  return std::nullopt;  // no such file, or "max"
}

// What cgroup v2 leaves free, in this group and all above it.
int64_t left_in_control_groups() {
  int64_t left = kUnlimited;
  std::string line, group;
  std::ifstream file("/proc/self/cgroup");
  while (std::getline(file, line))
    if (line.starts_with("0::")) group = line.substr(3);
  for (;;) {
    const std::string directory = "/sys/fs/cgroup" + group;
    const auto limit = number_in(directory + "/memory.max"), used = number_in(directory + "/memory.current");
    if (limit && used) {
      const auto cache = proc_bytes((directory + "/memory.stat").c_str(), "inactive_file ").value_or(0) / 1024;
      left = std::min(left, std::max<int64_t>(0, *limit - *used + cache));
    }
    if (group.empty() || group == "/") return left;
    group.resize(group.find_last_of('/'));
  }
}

int64_t left_in_address_space() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return kUnlimited;
  const int64_t used = proc_bytes("/proc/self/status", "VmSize:").value_or(0);
  return std::max<int64_t>(0, static_cast<int64_t>(limit.rlim_cur) - used);
}

}  // namespace

int64_t available_memory(const at::Device& device) {
  if (!device.is_cpu())
    return static_cast<int64_t>(at::accelerator::getMemoryInfo(std::max<int>(device.index(), 0)).first);
  const int64_t machine = proc_bytes("/proc/meminfo", "MemAvailable:").value_or(kUnlimited);
  return std::min({machine, left_in_control_groups(), left_in_address_space()});
}

}  // namespace vlrm
