#include "support/support.h"

#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <fstream>

namespace fs = std::filesystem;

namespace vlrm::testing {

fs::path goldens() {
  if (const char* chosen = std::getenv("VLRM_GOLDENS")) return chosen;
  const fs::path beside = fs::path(VLRM_SOURCE_ROOT).parent_path() / "shared/goldens";
  return fs::exists(beside) ? beside : fs::path();
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
