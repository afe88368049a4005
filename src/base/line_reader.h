// Text files a line at a time.
#pragma once

#include <cstdint>
#include <fstream>
#include <istream>
#include <string>
#include <string_view>

namespace vlrm {

bool is_blank(std::string_view line);

// The lines of a file, or of standard input for "-". A last line without a newline counts; a carriage return before the
// newline does not belong to the line, nor does a byte order mark before the first.
class LineReader {
 public:
  static constexpr size_t kLongestLine = size_t{64} << 20;  // bytes

  explicit LineReader(const std::string& path);           // throws Error if it cannot be opened
  LineReader(const std::string& path, std::string name);  // errors call it `name`
  bool next(std::string& line);                  // false at the end. Throws Error if reading fails or it is longer.
  bool next_not_blank(std::string& line);        // the same, lines of nothing but blanks passed over
  bool ended() const { return stream_->eof(); }  // whether the last line ended with the file, without a newline
  int64_t number() const { return number_; }     // of the last line, from 1 on
  std::string source() const;                    // "samples.jsonl, line 7": where the last line stands

 private:
  bool read_line(std::string& line);
  std::string name_;
  std::ifstream file_;
  std::istream* stream_;
  int64_t number_ = 0;
};

}  // namespace vlrm
