#include "weights/background_writer.h"

#include <sys/resource.h>

#include <algorithm>
#include <csignal>

#include "base/threads.h"
#include "weights_support.h"

using ::testing::HasSubstr;

namespace vlrm::testing {
namespace {

constexpr int64_t kPieces = 60;
constexpr int64_t kSize = 300'000;  // of a write: most of it goes directly, the ends by way of the page cache

// Made once, so that asking is faster than writing.
const std::vector<std::byte>& piece(int64_t index) {
  static const std::vector<std::vector<std::byte>> pieces = [] {
    std::vector<std::vector<std::byte>> made;
    for (uint64_t i = 0; i < kPieces; ++i) made.push_back(random_bytes(kSize, i));
    return made;
  }();
  return pieces[static_cast<size_t>(index)];
}

void write_piece(BackgroundWriter& writer, int64_t index) {
  auto buffer = writer.take_buffer();
  const std::span<std::byte> bytes = buffer->prepare(index * kSize, kSize);
  std::ranges::copy(piece(index), bytes.begin());
  writer.write(index * kSize, bytes, std::move(buffer));
}

bool has_piece(const std::filesystem::path& path, int64_t index) {
  const File file = File::open_or_throw(path);
  std::vector<std::byte> bytes(kSize);
  file.read_or_throw(index * kSize, bytes);
  return bytes == piece(index);
}

TEST(BackgroundWriter, WritesWhatItWasAskedForBeforeItSaysSo) {
  const TemporaryDirectory dir;
  OutputFile file(dir / "out", kPieces * kSize);
  BackgroundWriter writer(file, 3, 30);
  for (int64_t half = 0; half < 2; ++half) {
    const int64_t first = half * kPieces / 2, end = first + kPieces / 2;
    parallel_for(
        kPieces / 2, [&](int64_t index) { write_piece(writer, first + index); }, 4);
    EXPECT_EQ(writer.asked(), end);
    writer.wait_for(end);
    for (int64_t index = end; index-- > 0;) EXPECT_TRUE(has_piece(dir / "out", index)) << index;
  }
}

TEST(BackgroundWriter, WaitsForTheFirstOnes) {
  const TemporaryDirectory dir;
  OutputFile file(dir / "out", kPieces * kSize);
  BackgroundWriter writer(file, 1, kPieces);
  for (int64_t index = 0; index < kPieces; ++index) write_piece(writer, index);
  for (int64_t count = 10; count <= kPieces; count += 10) {
    writer.wait_for(count);
    EXPECT_TRUE(has_piece(dir / "out", count - 1));
  }
}

TEST(BackgroundWriter, DropsWhatWaitsAtItsEnd) {
  const TemporaryDirectory dir;
  OutputFile file(dir / "out", kPieces * kSize);
  {
    constexpr int kNoThread = 0;  // so that all of it waits, however fast the machine is
    BackgroundWriter writer(file, kNoThread, kPieces);
    for (int64_t index = 0; index < kPieces; ++index) write_piece(writer, index);
  }
  for (int64_t index = 0; index < kPieces; ++index) EXPECT_FALSE(has_piece(dir / "out", index));
}

// No file of this process may be longer than that.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    std::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, SIG_DFL);
  }

 private:
  rlimit before_{};
};

TEST(BackgroundWriter, AnErrorReachesWhoComputesAndWhoWaits) {
  const TemporaryDirectory dir;
  OutputFile file(dir / "out", 0);
  const FileSizeLimit limit(4 * kSize);
  BackgroundWriter writer(file, 2, 3);
  const auto too_much = [&] {
    for (int64_t index = 0; index < kPieces; ++index) write_piece(writer, index);
  };
  EXPECT_THAT(error_of(too_much), HasSubstr("out: cannot be written at byte "));
  EXPECT_THAT(error_of([&] { writer.wait_for(writer.asked()); }), HasSubstr("File too large"));
}

}  // namespace
}  // namespace vlrm::testing
