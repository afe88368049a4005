#include "support/support.h"

#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <fstream>

namespace fs = std::filesystem;

namespace vlrm::testing {
namespace {

// No test asks the real hub.
[[maybe_unused]] const bool kIsOffline = ::setenv("HF_HUB_OFFLINE", "1", /*overwrite=*/1) == 0;

}  // namespace

fs::path goldens() {
  if (const char* chosen = std::getenv("VLRM_GOLDENS")) return chosen;
  return fs::path(VLRM_SOURCE_ROOT) / "tests/goldens";
}

fs::path seed() {
  const fs::path inside = goldens() / "seed";
  return fs::exists(inside) ? inside : goldens().parent_path() / "seed";
}

Json figures_of_published_responses() {
  const fs::path file = seed() / "printed.json";
  if (fs::exists(file)) return read_json_or_throw(file).at("textvqa_val.jsonl");
  // The published file itself has no such record beside it.
  return {
      {"rows", 5000},
      {"responses", 40000},
      {"printed", "Pass @ 1: 48.14800000000003\nPass @ N: 79.83600000000034\nRandom Accuracy: 48.20800000000005\n"}};
}

TemporaryDirectory::TemporaryDirectory() {
  static std::atomic<int> count{0};
  path_ = fs::temp_directory_path() / fmt::format("vlrm-test-{}-{}", ::getpid(), count++);
  fs::create_directories(path_);
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

void write_text(const fs::path& path, std::string_view text) {
  fs::create_directories(path.parent_path());
  std::ofstream stream(path, std::ios::binary);
  stream.write(text.data(), static_cast<std::streamsize>(text.size()));
}

}  // namespace vlrm::testing
