#include "ledger.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>

#include "memory.h"
#include "settings.h"

namespace fake_device {
namespace {

struct Copies {
  int64_t copies = 0, bytes = 0;
  int64_t waited = 0;  // bytes of those that the host waits for
};

// Kernels that are not products, and the bytes that they read and write.
struct Moves {
  int64_t launches = 0;
  double bytes = 0;
};

struct Ledger {
  std::map<std::string, int64_t> operations, waits;
  int64_t launches = 0;
  Copies to_device, to_host;
  double flops = 0;
  std::map<std::array<int64_t, 3>, int64_t> products;  // how often each shape
  Moves attention, others;
  double attention_flops = 0;
};

std::mutex mutex;
Ledger& ledger() {
  static auto* only = new Ledger;  // never freed: the report at exit needs it
  return *only;
}

void wait(const std::string& why) {
  ++ledger().waits[why];
  if (settings().trace) std::fprintf(stderr, "fake device: wait for %s\n", why.c_str());
}

std::string report() {
  const std::lock_guard lock(mutex);
  const Ledger& now = ledger();
  const auto copies = [](const Copies& of) {
    return nlohmann::json{{"copies", of.copies}, {"bytes", of.bytes}, {"waited", of.waited}};
  };
  nlohmann::json products = nlohmann::json::array();
  for (const auto& [shape, count] : now.products) products.push_back({shape[0], shape[1], shape[2], count});
  const nlohmann::json json{
      {"launches", now.launches},
      {"waits", now.waits},
      {"to_device", copies(now.to_device)},
      {"to_host", copies(now.to_host)},
      {"gflop", now.flops / 1e9},
      {"peak_memory", memory_use().peak},
      {"operations", now.operations},
      {"products", products},
      {"attention",
       {{"launches", now.attention.launches}, {"bytes", now.attention.bytes}, {"gflop", now.attention_flops / 1e9}}},
      {"others", {{"launches", now.others.launches}, {"bytes", now.others.bytes}}}};
  return json.dump();
}

// Writes the report to FAKE_DEVICE_REPORT when the program ends.
struct ReportAtExit {
  ~ReportAtExit() {
    if (!settings().report.empty() && ledger().launches > 0) std::ofstream(settings().report) << report() << '\n';
  }
} report_at_exit;

}  // namespace

int64_t bytes_of(const at::Tensor& tensor) {
  if (!tensor.defined()) return 0;
  auto bytes = static_cast<int64_t>(tensor.element_size());
  for (int64_t i = 0; i < tensor.dim(); ++i)
    if (tensor.stride(i) != 0 || tensor.size(i) == 0) bytes *= tensor.size(i);
  return bytes;
}

void note(const Kernel& kernel) {
  const std::lock_guard lock(mutex);
  Ledger& now = ledger();
  ++now.operations[kernel.name];
  now.launches += kernel.launches;
  now.flops += kernel.flops;
  if (kernel.product[0] > 0) {
    ++now.products[kernel.product];
  } else {
    Moves& moves = kernel.flops > 0 ? now.attention : now.others;
    moves.launches += kernel.launches;
    moves.bytes += kernel.bytes;
    if (kernel.flops > 0) now.attention_flops += kernel.flops;
  }
  if (settings().trace) std::fprintf(stderr, "fake device: %s, %d launches\n", kernel.name.c_str(), kernel.launches);
}

void note_copy(Copy way, const at::Tensor& source, const at::Tensor& target, bool blocking) {
  const std::lock_guard lock(mutex);
  const bool in = way == Copy::to_device;
  Copies& copies = in ? ledger().to_device : ledger().to_host;
  ++copies.copies;
  const int64_t bytes = std::min(bytes_of(source), bytes_of(target));
  copies.bytes += bytes;
  if (blocking) copies.waited += bytes;
  if (blocking) wait(in ? "copy to the device" : "copy to the host");
}

void note_wait(const std::string& why) {
  const std::lock_guard lock(mutex);
  wait(why);
}

}  // namespace fake_device

void fake_device_restart() {
  fake_device::restart_peak();
  const std::lock_guard lock(fake_device::mutex);
  fake_device::ledger() = {};
}

const char* fake_device_report() {
  static std::string text;
  text = fake_device::report();
  return text.c_str();
}
