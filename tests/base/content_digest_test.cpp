#include "base/content_digest.h"

#include <cstdlib>
#include <thread>

#include "base/remembered_digests.h"
#include "support/support.h"

namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace vlrm::testing {
namespace {

constexpr size_t kSize = size_t{9} << 20;  // three blocks
constexpr auto kSettling = 3200ms;

class ContentDigest : public ::testing::Test {
 protected:
  ContentDigest() {
    ::setenv("XDG_CACHE_HOME", (dir / "cache").c_str(), 1);
    std::string text(kSize, 'x');
    for (size_t i = 0; i < kSize; i += 101) text[i] = static_cast<char>(i / 101);
    write_text(file, text);
  }
  ~ContentDigest() override { ::unsetenv("XDG_CACHE_HOME"); }
  // As a program does that keeps the file's times.
  void change_a_byte() const {
    std::string text = read_text_or_throw(file);
    text[kSize / 2] ^= 1;
    const auto time = fs::last_write_time(file);
    write_text(file, text);
    fs::last_write_time(file, time);
  }

  const TemporaryDirectory dir;
  const fs::path file = dir / "file", remembered = dir / "cache/vlrm/digests";
};

TEST_F(ContentDigest, IsOfTheBytesAlone) {
  const std::string digest = file_digest(file);
  EXPECT_EQ(digest.size(), 32);
  fs::copy_file(file, dir / "copy");
  fs::last_write_time(dir / "copy", fs::file_time_type::clock::now() - 1h);
  EXPECT_EQ(file_digest(dir / "copy"), digest);
  EXPECT_EQ(files_digest({file, dir / "none"}), files_digest({dir / "copy", dir / "none"}));
  EXPECT_NE(files_digest({file, dir / "none"}), files_digest({dir / "none", file}));
  change_a_byte();
  EXPECT_NE(file_digest(file), digest);
  change_a_byte();
  EXPECT_EQ(file_digest(file), digest);
  EXPECT_THAT(error_of([&] { file_digest(dir / "none"); }), ::testing::HasSubstr("none: cannot open"));
}

TEST_F(ContentDigest, WhatChangedJustNowIsNotRemembered) {
  file_digest(file);
  EXPECT_FALSE(fs::exists(remembered));
  fs::last_write_time(file, fs::file_time_type::clock::now() - 1h);  // the time that nobody can set is what counts
  file_digest(file);
  EXPECT_FALSE(fs::exists(remembered));
}

TEST_F(ContentDigest, IsNotReadAgainWhileNothingChanged) {
  std::this_thread::sleep_for(kSettling);
  const std::string digest = file_digest(file), line = read_text_or_throw(remembered);
  ASSERT_EQ(line.size(), 32 + 1 + 32 + 1);
  const std::string other(32, 'a');
  write_text(remembered, line.substr(0, 33) + other + "\n");
  EXPECT_EQ(file_digest(file), other);
  for (const char* broken : {"", "\n", "ffff", " "}) {
    write_text(remembered, line.substr(0, 33) + broken);
    EXPECT_EQ(file_digest(file), digest);
  }
  write_text(remembered, line.substr(0, 33) + other + "\n");
  change_a_byte();
  EXPECT_NE(file_digest(file), other);
}

TEST_F(ContentDigest, WhatIsRememberedHasALimit) {
  std::string lines;
  for (int i = 0; i < 10'000; ++i) lines += fmt::format("{:032x} {:032x}\n", i, i);
  write_text(remembered, lines);
  std::this_thread::sleep_for(kSettling);
  const std::string digest = file_digest(file);
  const std::string kept = read_text_or_throw(remembered);
  EXPECT_LT(kept.size(), lines.size() * 2 / 3);
  EXPECT_THAT(kept, ::testing::HasSubstr(fmt::format("\n{:032x} {:032x}\n", 9'999, 9'999)));
  EXPECT_THAT(kept, ::testing::EndsWith(" " + digest + "\n"));
}

TEST_F(ContentDigest, NeedsNoPlaceToRememberIn) {
  std::this_thread::sleep_for(kSettling);
  const std::string digest = file_digest(file);
  for (const char* place : {"/dev/null", "/proc/nowhere"}) {
    ::setenv("XDG_CACHE_HOME", place, 1);
    EXPECT_EQ(file_digest(file), digest);
  }
}

}  // namespace
}  // namespace vlrm::testing
