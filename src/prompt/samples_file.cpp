#include "prompt/samples_file.h"

#include <limits>
#include <utility>

#include "base/content_digest.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"

namespace fs = std::filesystem;

namespace vlrm {

SamplesFile::SamplesFile(const std::string& path, std::optional<int64_t> limit)
    : path_(path),
      name_(path),
      limit_(limit.value_or(std::numeric_limits<int64_t>::max())),
      directory_(fs::path(path).parent_path()) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (path == "-" || path == "/dev/stdin") {
    name_ = "standard input";
    keep_in_temporary_file("-");
  } else if (fs::exists(status) && !fs::is_regular_file(status) && !fs::is_directory(status)) {
    keep_in_temporary_file(path);
  }
}

// Nothing is asked of a pipe behind the last line that counts: it may have no end, or be slow.
void SamplesFile::keep_in_temporary_file(const std::string& path) {
  LineReader pipe(path, name_);
  kept_ = std::make_unique<TemporaryFile>();
  path_ = kept_->path().string();
  directory_.clear();
  const std::string copy = fmt::format("the copy of {} in {}", name_, kept_->directory().string());
  constexpr size_t kChunk = 1 << 16;
  std::string chunk;
  int64_t samples = 0;
  for (std::string line; samples < limit_ && pipe.next(line);) {
    samples += !is_blank(line);
    chunk += line + "\n";  // blank ones too, as errors number all lines
    if (chunk.size() < kChunk) continue;
    write_all_or_throw(kept_->descriptor(), chunk, copy);
    chunk.clear();
  }
  write_all_or_throw(kept_->descriptor(), chunk, copy);
  cut_ = samples == limit_;
}

namespace {

// The contents of images as they are named, so many at a time; one that is named again at once is read once.
class ImagesDigest {
 public:
  void add(const fs::path& image) {
    if (files_.empty() || files_.back() != image) files_.push_back(image);
    if (files_.size() == kTogether) digest_.add(flushed());
  }
  std::string hex() {
    digest_.add(flushed());
    return digest_.hex();
  }

 private:
  static constexpr size_t kTogether = 1024;
  std::string flushed() { return files_digest(std::exchange(files_, {})); }
  std::vector<fs::path> files_;
  Digest digest_;
};

}  // namespace

SamplesFile::Facts SamplesFile::check(bool read_images) const {
  LineReader lines(path_, name_);
  Facts facts;
  Digest text;
  ImagesDigest images;
  for (std::string line; lines.next_not_blank(line); ++facts.samples) {
    facts.limited = facts.samples == limit_;
    if (facts.limited) break;
    text.add(line);
    text.add("\n");
    const Sample sample = parse_sample(line, lines.number(), lines.source(), directory_);
    facts.without_image += sample.images.empty();
    for (const auto& [image, bytes, folder] : sample.images) {
      std::error_code error;
      if (!fs::is_regular_file(image, error))
        fail("{}: the image {} is not there", lines.source(), printable(image.string()));
      if (read_images) images.add(image);
    }
  }
  facts.limited = facts.limited || cut_;
  if (facts.samples == 0) fail("{}: holds no sample", name_);
  facts.lines = text.hex();
  facts.images = images.hex();
  return facts;
}

SamplesFile::Reader::Reader(const SamplesFile& file)
    : directory_(file.directory_), lines_(file.path_, file.name_), left_(file.limit_) {}

std::vector<SamplesFile::Reader::Line> SamplesFile::Reader::next(int64_t count) {
  std::vector<Line> lines;
  std::string text;
  while (static_cast<int64_t>(lines.size()) < count && left_ > 0 && lines_.next_not_blank(text)) {
    --left_;
    Sample sample = parse_sample(text, lines_.number(), lines_.source(), directory_);
    lines.push_back({std::move(sample), lines_.source()});
  }
  return lines;
}

void SamplesFile::Reader::skip(int64_t count) {
  std::string text;
  while (count-- > 0 && left_ > 0 && lines_.next_not_blank(text)) --left_;
}

}  // namespace vlrm
