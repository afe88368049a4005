// Samples of a file, a JSON object a line, or of a folder of images.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/line_reader.h"
#include "base/temporary_file.h"
#include "prompt/sample.h"

namespace vlrm {

struct SamplesInput {
  std::string file = {};  // "-" and "/dev/stdin" are standard input
  // Instead of a file: each image of a folder (see images_in), with one prompt. Its name below the folder is its id.
  std::string images = {};
  std::string prompt = {};
  std::vector<std::string> responses = {};
  LineHolds holds = LineHolds::responses;

  const std::string& path() const { return images.empty() ? file : images; }
};

// May be read any number of times: what counts of a pipe is kept in an unnamed temporary file.
class SamplesFile {
 public:
  // Only the first `limit` lines or images count. Relative image paths start at the file's folder, those of a pipe at
  // the current one. Throws Error if it cannot be read. Notes how many files of a folder are no images.
  explicit SamplesFile(const SamplesInput& input, std::optional<int64_t> limit = {});

  // Of every line, so that bad input is told before the first score. Throws Error naming the line that is malformed or
  // names an image that is not there, and where there is no sample at all.
  struct Facts {
    int64_t samples = 0, without_image = 0;
    std::string lines, images;  // digests: of the text, and of what the image files hold
    bool limited = false;       // whether there are more lines than count, or may be in a pipe
  };
  Facts check(bool read_images) const;  // else `images` says nothing

  const std::string& name() const { return name_; }  // what errors call it

  // The samples from the first on. Must not outlive the file.
  class Reader {
   public:
    explicit Reader(const SamplesFile& file);
    struct Line {
      Sample sample;
      std::string source;  // "samples.jsonl, line 7", or the image's path
    };
    std::vector<Line> next(int64_t count);  // fewer at the end
    void skip(int64_t count);

   private:
    const SamplesFile& file_;
    LineReader lines_;
    int64_t left_;
  };

 private:
  void keep_in_temporary_file(const std::string& path);
  void keep_folder(const SamplesInput& input);
  void keep(const std::string& lines);
  Reader::Line parsed(const std::string& line, const LineReader& lines) const;
  std::string path_, name_;
  int64_t limit_;
  LineHolds holds_;
  bool is_folder_;
  std::filesystem::path directory_;
  std::unique_ptr<TemporaryFile> kept_;
  bool cut_ = false;  // the pipe, behind the last line that counts
};

}  // namespace vlrm
