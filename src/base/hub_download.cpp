#include "base/hub_download.h"

#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cctype>
#include <chrono>
#include <cstdlib>
#include <optional>
#include <string_view>

#include "base/command.h"
#include "base/disk_space.h"
#include "base/error.h"
#include "base/hub_errors.h"
#include "base/interrupt.h"
#include "base/json.h"
#include "base/listening.h"
#include "base/progress.h"
#include "base/python_packages.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

std::atomic<bool> no_downloads = false;

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

bool says_yes(std::string_view text) {
  std::string word(text);
  for (char& c : word) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return word == "1" || word == "ON" || word == "YES" || word == "TRUE";
}

bool can_run(const fs::path& file) {
  std::error_code error;
  return fs::is_regular_file(file, error) && ::access(file.c_str(), X_OK) == 0;
}

std::optional<std::string> on_path(std::string_view folders) {
  while (!folders.empty()) {
    const size_t colon = folders.find(':');
    const fs::path file = fs::path(folders.substr(0, colon)) / "hf";
    if (can_run(file)) return file.string();
    folders.remove_prefix(colon == folders.npos ? folders.size() : colon + 1);
  }
  return std::nullopt;
}

std::string find_hf(const HubDownload& wanted) {
  if (const auto named = environment("VLRM_HF"); !named.empty()) {
    if (!can_run(named)) fail("VLRM_HF: {}: not a program; it is to name hf, of huggingface_hub", printable(named));
    return std::string(named);
  }
  if (const auto package = preferred_python_package("huggingface_hub")) {
    const fs::path file = *package / "../../../../bin/hf";  // from lib/python3.N/site-packages
    if (can_run(file)) return file.lexically_normal().string();
  }
  if (auto found = on_path(environment("PATH"))) return *found;
  for (const char* variable : {"VIRTUAL_ENV", "CONDA_PREFIX"}) {
    const fs::path file = fs::path(environment(variable)) / "bin" / "hf";
    if (!environment(variable).empty() && can_run(file)) return file.string();
  }
  fail(
      "{}: no such {}, not in the hub cache or not all of it, and hf, which downloads, is not installed: pip install "
      "huggingface_hub (VLRM_HF can name it). To fetch it: {}",
      printable(wanted.name), wanted.files == HubFiles::dataset ? "file or directory" : "directory",
      download_command(wanted));
}

// The two ways in which versions take options: each pattern after its own (huggingface_hub 1 and 2), or all after one.
enum class Style { repeated, listed };

void add_patterns(std::vector<std::string>& words, const char* option, const std::vector<std::string>& patterns,
                  Style style) {
  for (size_t i = 0; i < patterns.size(); ++i) {
    if (i == 0 || style == Style::repeated) words.emplace_back(option);
    words.push_back(patterns[i]);
  }
}

std::vector<std::string> words_of(const std::string& hf, const HubDownload& wanted, Style style) {
  // Without the variable, newer versions ask a package index whether they are old.
  std::vector<std::string> words{"env", "HF_HUB_DISABLE_UPDATE_CHECK=1", hf, "download", wanted.repository};
  if (wanted.files == HubFiles::dataset) words.insert(words.end(), {"--repo-type", "dataset"});
  words.insert(words.end(), {"--revision", wanted.revision, "--cache-dir", fs::absolute(wanted.cache).string()});
  const HubPatterns& patterns = patterns_of(wanted.files);
  add_patterns(words, "--include", patterns.include, style);
  add_patterns(words, "--exclude", patterns.exclude, style);
  return words;
}

CommandResult run_hf(std::vector<std::string> words, const std::vector<std::string>& more,
                     const std::function<void()>& meanwhile = {}) {
  words.insert(words.end(), more.begin(), more.end());
  constexpr size_t kMostOutput = size_t{64} << 20;
  const auto result = run_command(words, CommandErrors::kept, kMostOutput, meanwhile);
  if (!result) fail("env: cannot be run; it starts hf");
  return *result;
}

// "21.3G" in bytes, as far as it goes.
int64_t bytes_of(const std::string& text) {
  constexpr std::string_view kUnits = "KMGTP";
  char* end = nullptr;
  double bytes = std::strtod(text.c_str(), &end);
  const size_t unit = *end == '\0' ? kUnits.npos : kUnits.find(*end);
  for (size_t i = 0; unit != kUnits.npos && i <= unit; ++i) bytes *= 1000;
  constexpr double kMost = 1e18;
  return bytes > 0 && bytes < kMost ? static_cast<int64_t>(bytes) : 0;
}

struct Amount {
  int64_t files = 0, all_files = 0, bytes = 0;
};

// What a dry run lists: [{"file": "config.json", "size": "1.2K"}, …], with "-" for what the cache has.
std::optional<Amount> amount_of(const std::string& output) {
  try {
    Amount amount;
    for (const Json& file : parse_json_or_throw(output, "hf")) {
      const auto size = required_field<std::string>(file, "size", "hf");
      ++amount.all_files;
      if (size == "-") continue;
      ++amount.files;
      amount.bytes += bytes_of(size);
    }
    return amount;
  } catch (const Error&) {
    return std::nullopt;
  }
}

// Bytes of the blobs on the disk. What is downloaded may be written with holes, so blocks are counted.
int64_t bytes_in(const fs::path& blobs) {
  int64_t bytes = 0;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(blobs, error)) {
    struct stat state {};
    constexpr int64_t kBlock = 512;
    if (::stat(entry.path().c_str(), &state) == 0)
      bytes += std::min<int64_t>(state.st_size, int64_t{state.st_blocks} * kBlock);
  }
  return bytes;
}

// Progress as the disk shows it.
class Watch {
 public:
  Watch(fs::path blobs, int64_t total)
      : blobs_(std::move(blobs)),
        before_(bytes_in(blobs_)),
        total_(total),
        progress_("downloading", total, Progress::Unit::bytes) {}

  void look() {
    const auto now = std::chrono::steady_clock::now();
    constexpr std::chrono::milliseconds kPause(500);
    if (now - last_ < kPause) return;
    last_ = now;
    advance_to(std::min(bytes_in(blobs_) - before_, total_));
  }
  void finish() { advance_to(total_); }

 private:
  void advance_to(int64_t bytes) {
    if (bytes <= seen_) return;
    progress_.advance(bytes - seen_);
    seen_ = bytes;
  }

  const fs::path blobs_;
  const int64_t before_, total_;
  int64_t seen_ = 0;
  std::chrono::steady_clock::time_point last_;
  Progress progress_;
};

void tell_amount(const HubDownload& wanted, const Amount& amount) {
  tell_status(fmt::format("downloading {}: {} file{}, {}", printable(wanted.name), amount.files,
                          amount.files == 1 ? "" : "s", human_bytes(static_cast<double>(amount.bytes))));
}

void download_measured(const HubDownload& wanted, const std::vector<std::string>& words,
                       const std::optional<Amount>& amount) {
  if (amount && amount->all_files == 0)
    fail("{}: the repository has no file that vlrm reads: see {}", printable(wanted.name), page_of(wanted));
  std::optional<Watch> watch;
  if (amount && amount->files > 0) {
    require_space(wanted.cache, amount->bytes);
    tell_amount(wanted, *amount);
    watch.emplace(wanted.folder / "blobs", amount->bytes);
  }
  const CommandResult result = run_hf(words, {"--format", "json"}, [&] {
    if (watch) watch->look();
  });
  if (result.exit_code != 0) throw_hub_error(wanted, result.errors, /*complete=*/true);
  if (watch) watch->finish();
}

// Downloads with an hf that cannot say how much it will be.
void download_unmeasured(const std::string& hf, const HubDownload& wanted, Style style) {
  tell_status(fmt::format("downloading {} (a newer huggingface_hub would say how much)", printable(wanted.name)));
  const CommandResult result = run_hf(words_of(hf, wanted, style), {});
  if (result.exit_code != 0) throw_hub_error(wanted, result.errors, /*complete=*/true);
}

}  // namespace

void set_offline(bool offline) {
  no_downloads = offline;
}

bool is_offline() {
  const std::string_view hub = environment("HF_HUB_OFFLINE");
  return no_downloads || says_yes(hub.empty() ? environment("TRANSFORMERS_OFFLINE") : hub);
}

std::string download_command(const HubDownload& wanted) {
  return fmt::format("hf download {}{}{}", wanted.files == HubFiles::dataset ? "--repo-type dataset " : "",
                     wanted.repository, wanted.revision == "main" ? "" : " --revision " + wanted.revision);
}

void download_from_hub(const HubDownload& wanted) {
  const InterruptScope scope;  // hf is not to go on without us
  const std::string hf = find_hf(wanted);
  const std::vector<std::string> words = words_of(hf, wanted, Style::repeated);
  const CommandResult dry = run_hf(words, {"--dry-run", "--format", "json"});
  if (dry.exit_code == 0) return download_measured(wanted, words, amount_of(dry.output));
  if (!is_unknown_option(dry.errors)) {
    throw_hub_error(wanted, dry.errors, /*complete=*/false);
    return download_measured(wanted, words, std::nullopt);  // which says what a dry run leaves out
  }
  const bool listed = dry.errors.find("unrecognized arguments") != std::string::npos;
  download_unmeasured(hf, wanted, listed ? Style::listed : Style::repeated);
}

}  // namespace vlrm
