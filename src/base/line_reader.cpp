#include "base/line_reader.h"

#include <array>
#include <cerrno>
#include <filesystem>
#include <iostream>

#include "base/error.h"
#include "base/file.h"

namespace vlrm {

bool is_blank(std::string_view line) {
  return line.find_first_not_of(" \t") == std::string_view::npos;
}

LineReader::LineReader(const std::string& path) : LineReader(path, path == "-" ? "standard input" : path) {}

LineReader::LineReader(const std::string& path, std::string name) : name_(std::move(name)), stream_(&std::cin) {
  if (path == "-") return;
  errno = 0;
  file_.open(path, std::ios::binary);
  if (!file_ && errno != 0) fail_with_errno(errno, "{}: cannot be read", name_);
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) fail_with_errno(EISDIR, "{}: cannot be read", name_);
  if (!file_) fail("{}: cannot be read", name_);
  stream_ = &file_;
}

bool LineReader::next(std::string& line) {
  line.clear();
  if (!read_line(line)) return false;
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (++number_ == 1 && line.starts_with(kByteOrderMark)) line.erase(0, kByteOrderMark.size());
  if (number_ == 1) refuse_lfs_pointer(line, name_);
  if (!line.empty() && line.back() == '\r') line.pop_back();
  return true;
}

// A line comes in pieces, so that one without an end is refused before it fills the memory.
bool LineReader::read_line(std::string& line) {
  std::array<char, 1 << 14> piece;
  while (true) {
    stream_->getline(piece.data(), piece.size());
    if (stream_->bad()) fail("{}: cannot be read after line {}", name_, number_);
    const auto count = static_cast<size_t>(stream_->gcount());
    const bool ended = stream_->eof(), full = stream_->fail() && count > 0;
    if (count == 0) return !line.empty();
    line.append(piece.data(), full || ended ? count : count - 1);
    if (!full) return true;
    if (line.size() > kLongestLine)
      fail("{}, line {}: longer than {} MiB; is it a text file?", name_, number_ + 1, kLongestLine >> 20);
    stream_->clear();
  }
}

bool LineReader::next_not_blank(std::string& line) {
  while (next(line))
    if (!is_blank(line)) return true;
  return false;
}

std::string LineReader::source() const {
  return fmt::format("{}, line {}", name_, number_);
}

}  // namespace vlrm
