#include "distributed/parts_folder.h"

#include <chrono>

#include "base/claim_file.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json_fields.h"
#include "base/run_settings.h"
#include "distributed/draft_file.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

constexpr const char* kBlockLines = "block_lines";
constexpr int64_t kLargestPart = int64_t{4} << 30;  // bytes

fs::path settings_file(const fs::path& folder) {
  return folder / "run.json";
}

void make_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw_system_error(error.value(), fmt::format("{}: cannot be made", folder.string()));
}

}  // namespace

PartsFolder::PartsFolder(const fs::path& output) : folder_(with_ending(output, ".parts")) {}

std::optional<OrderedJson> PartsFolder::settings() const {
  std::error_code error;
  if (!fs::exists(settings_file(folder_), error)) return std::nullopt;
  return read_object_or_throw(settings_file(folder_));
}

void PartsFolder::open(const OrderedJson& settings, int64_t block_lines) const {
  make_folder(folder_ / "claims");
  if (!this->settings()) {
    OrderedJson run = settings;
    run[kBlockLines] = block_lines;
    DraftFile draft(settings_file(folder_));
    draft.write(run.dump(2) + "\n");
    if (draft.link()) return;
  }
  OrderedJson before = this->settings().value_or(OrderedJson::object());
  const auto block_lines_before = optional_field<int64_t>(before, kBlockLines, 0, settings_file(folder_).string());
  before.erase(kBlockLines);
  const auto difference = settings_difference(before, settings);
  if (difference)
    fail("{}: was begun with other settings ({}); give this process the settings of the others, or name another output",
         folder_.string(), difference->text);
  if (block_lines_before != block_lines)
    fail("{}: was cut into blocks of {} lines, now {}: another version of vlrm began it; name another output",
         folder_.string(), block_lines_before, block_lines);
}

fs::path PartsFolder::part(int64_t block) const {
  return folder_ / fmt::format("{:06}.jsonl", block);
}

bool PartsFolder::has(int64_t block) const {
  std::error_code error;
  return fs::exists(part(block), error);
}

std::string PartsFolder::read(int64_t block) const {
  return read_text_or_throw(part(block), kLargestPart);
}

bool PartsFolder::put(int64_t block, std::string_view bytes) const {
  DraftFile draft(part(block));
  draft.write(bytes);
  return draft.link() || read(block) == bytes;
}

std::optional<Claim> PartsFolder::claim(int64_t block) const {
  const Claim::Times times{std::chrono::seconds(30), std::chrono::minutes(5)};
  return Claim::try_take(folder_ / "claims" / fmt::format("{:06}", block), times);
}

}  // namespace vlrm
