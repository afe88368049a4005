#include "cli/costs_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/progress.h"

namespace vlrm {
namespace {

std::string size_text(int64_t bytes) {
  return human_bytes(static_cast<double>(bytes));
}

// 1234567 → "1.23 million".
std::string count_text(double number) {
  if (number >= 1e9) return fmt::format("{:.3g} billion", number / 1e9);
  if (number >= 1e6) return fmt::format("{:.3g} million", number / 1e6);
  return fmt::format("{:.0f}", number);
}

// "1 text", "2.5 million tokens".
std::string counted(double number, const char* what) {
  return fmt::format("{} {}{}", count_text(number), what, std::llround(number) == 1 ? "" : "s");
}

// Of what may be less than a second.
std::string short_time_text(double seconds) {
  return seconds < 1 ? fmt::format("{:.2f} s", std::max(seconds, 0.01)) : time_text(seconds);
}

std::string operations_text(double operations) {
  if (operations >= 1e15) return fmt::format("{:.3g} PFLOP", operations / 1e15);
  if (operations >= 1e12) return fmt::format("{:.3g} TFLOP", operations / 1e12);
  return fmt::format("{:.3g} GFLOP", operations / 1e9);
}

void print_samples(const Costs& costs) {
  fmt::print("samples   {}", costs.samples);
  const bool all = costs.samples_read == costs.samples;
  if (costs.samples_read > 0)
    fmt::print(": {}{}, {} (what texts share counted once), {}{}", all ? "" : "about ", counted(costs.texts, "text"),
               counted(costs.tokens, "token"), counted(costs.images, "image"),
               all ? "" : fmt::format("; from {} of them", costs.samples_read));
  fmt::print("\n");
}

void print_memory(const Costs& costs) {
  fmt::print("memory    about {}", size_text(costs.memory));
  if (costs.free_memory)
    fmt::print(" of {} free{}", size_text(*costs.free_memory), costs.device == "cpu" ? "" : " on " + costs.device);
  fmt::print("{}\n", costs.streamed ? ": the weights are read a layer at a time" : "");
}

void print_disk(const Costs& costs) {
  fmt::print("disk      {} to write", size_text(costs.bytes_written));
  if (costs.free_on_disk) fmt::print(", {} free", size_text(*costs.free_on_disk));
  fmt::print("\n");
}

void print_time(const Costs& costs) {
  const char* work = costs.merges > 0 ? "reading and merging weights" : "reading weights";
  const bool scores = costs.operations > 0;
  fmt::print("time      {} {}: {} for {}", scores ? "at least" : "about", short_time_text(costs.seconds),
             time_text(costs.weight_seconds), work);
  if (scores)
    fmt::print("{} {} for {}; with a small model, what is not estimated takes longer",
               costs.streamed ? ", and meanwhile" : ",", time_text(costs.operations / costs.operations_per_second),
               operations_text(costs.operations));
  if (costs.bytes_written > 0)
    fmt::print("; writing goes on meanwhile, {} at 1 GB/s", time_text(static_cast<double>(costs.bytes_written) / 1e9));
  fmt::print("\n");
}

void print_rates(const Costs& costs) {
  fmt::print("rates     measured now: {}/s of weights{}", human_bytes(costs.weight_rate),
             costs.merges > 0 ? ", merged" : "");
  if (costs.operations_per_second > 0) fmt::print(", {}/s", operations_text(costs.operations_per_second));
  fmt::print("; docs/costs.md says how\n");
}

}  // namespace

std::string time_text(double seconds) {
  if (seconds < 1) return "less than 1 s";
  if (seconds < 120) return fmt::format("{:.0f} s", seconds);
  const auto minutes = static_cast<int64_t>(std::llround(seconds / 60));
  return minutes < 120 ? fmt::format("{} min", minutes) : fmt::format("{} h {:02} min", minutes / 60, minutes % 60);
}

void declare_dry_run(CLI::App& command, bool& dry_run) {
  command.add_flag(
      "--dry-run", dry_run,
      "Look at options and inputs as the run would, but not at what an earlier run scored, and say about how much "
      "time, memory and disk it takes");
}

void print_costs(const Costs& costs) {
  if (costs.samples > 0) print_samples(costs);
  if (costs.weight_rate <= 0) return;  // no model runs
  if (costs.merges > 1) fmt::print("merges    {}\n", costs.merges);
  fmt::print("reads     about {} of weights\n", size_text(costs.bytes_read));
  print_memory(costs);
  if (costs.bytes_written > 0) print_disk(costs);
  print_time(costs);
  print_rates(costs);
}

}  // namespace vlrm
