#include "app/distributed_model.h"

#include <algorithm>
#include <optional>

#include "app/device.h"
#include "base/error.h"
#include "base/threads.h"
#include "distributed/parts_folder.h"
#include "model/accelerator.h"

namespace vlrm {
namespace {

std::optional<int64_t> threads_of_job(const std::filesystem::path& output) {
  const auto settings = PartsFolder(output).settings();
  if (!settings || !settings->contains("threads") || !settings->at("threads").is_number_integer()) return std::nullopt;
  return settings->at("threads").get<int64_t>();
}

}  // namespace

void share_machine(ModelOptions& options, const Ranks& ranks, const std::filesystem::path& output) {
  if (options.device == "auto" && device_of(options) != "cpu") {
    const auto& found = find_accelerator();
    options.device = fmt::format("{}:{}", found->device, ranks.local_rank % std::max(1, found->count));
  }
  if (options.threads) return;
  options.threads = threads_of_job(output).value_or(std::max<int64_t>(1, thread_count() / ranks.local_count));
}

std::string kind_of_device(const ModelOptions& options) {
  const std::string device = device_of(options);
  return device.substr(0, device.find(':'));
}

}  // namespace vlrm
