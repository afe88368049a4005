// Lines of files, and temporary files.
#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>

#include "base/file.h"
#include "base/line_reader.h"
#include "base/temporary_file.h"
#include "support/support.h"

namespace vlrm {
namespace {

using ::testing::ElementsAre;
using testing::error_of;
using ::testing::HasSubstr;

std::vector<std::string> lines_of(const std::string& text) {
  const testing::TemporaryDirectory directory;
  testing::write_text(directory / "lines", text);
  LineReader reader((directory / "lines").string());
  std::vector<std::string> lines;
  for (std::string line; reader.next(line);) lines.push_back(line);
  return lines;
}

TEST(LineReader, ReadsLinesOfAnyLength) {
  EXPECT_THAT(lines_of("a\r\n\nb"), ElementsAre("a", "", "b"));
  EXPECT_THAT(lines_of("\n"), ElementsAre(""));
  EXPECT_THAT(lines_of(""), ElementsAre());
  for (const size_t length : {16382, 16383, 16384, 16385, 40000}) {  // around the size of the pieces
    const std::string text(length, 'x');
    EXPECT_THAT(lines_of(text + "\nb\n"), ElementsAre(text, "b")) << length;
    EXPECT_THAT(lines_of(text + "\n\nb"), ElementsAre(text, "", "b")) << length;
    EXPECT_THAT(lines_of(text), ElementsAre(text)) << length;
  }
}

TEST(LineReader, RefusesALineWithoutEnd) {
  const testing::TemporaryDirectory directory;
  testing::write_text(directory / "lines", "short\n");
  std::filesystem::resize_file(directory / "lines", LineReader::kLongestLine + (1 << 20));
  LineReader reader((directory / "lines").string());
  std::string line;
  EXPECT_TRUE(reader.next(line));
  EXPECT_THAT(error_of([&] { reader.next(line); }), HasSubstr("lines, line 2: longer than 64 MiB"));
}

TEST(TemporaryFile, LiesWhereTmpdirSays) {
  const testing::TemporaryDirectory directory;
  const char* before = std::getenv("TMPDIR");
  const std::string kept = before == nullptr ? "" : before;
  ::setenv("TMPDIR", directory.path().c_str(), 1);
  {
    const TemporaryFile file;
    EXPECT_EQ(file.directory(), directory.path());
    write_all_or_throw(file.descriptor(), "kept", "the file");
    EXPECT_EQ(read_text_or_throw(file.path()), "kept");
    EXPECT_TRUE(std::filesystem::is_empty(directory.path()));
  }
  ::setenv("TMPDIR", (directory / "not there").c_str(), 1);
  EXPECT_THAT(error_of([] { const TemporaryFile file; }), HasSubstr("not there: cannot hold a temporary file"));
  before == nullptr ? ::unsetenv("TMPDIR") : ::setenv("TMPDIR", kept.c_str(), 1);
}

}  // namespace
}  // namespace vlrm
