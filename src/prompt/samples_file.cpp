#include "prompt/samples_file.h"

#include <limits>
#include <utility>

#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"
#include "base/listening.h"
#include "prompt/image_folder.h"
#include "prompt/images_digest.h"

namespace fs = std::filesystem;

namespace vlrm {

SamplesFile::SamplesFile(const SamplesInput& input, std::optional<int64_t> limit)
    : path_(input.path()),
      name_(path_),
      limit_(limit.value_or(std::numeric_limits<int64_t>::max())),
      holds_(input.holds),
      is_folder_(!input.images.empty()),
      directory_(is_folder_ ? fs::path(input.images) : fs::path(path_).parent_path()) {
  if (is_folder_) {
    keep_folder(input);
    return;
  }
  std::error_code error;
  const fs::file_status status = fs::status(path_, error);
  if (path_ == "-" || path_ == "/dev/stdin") {
    name_ = "standard input";
    keep_in_temporary_file("-");
  } else if (fs::exists(status) && !fs::is_regular_file(status) && !fs::is_directory(status)) {
    keep_in_temporary_file(path_);
  }
}

void SamplesFile::keep(const std::string& lines) {
  write_all_or_throw(kept_->descriptor(), lines,
                     fmt::format("the copy of {} in {}", name_, kept_->directory().string()));
}

void SamplesFile::keep_folder(const SamplesInput& input) {
  const ImageFolder folder = images_in(directory_);
  if (folder.skipped > 0)
    tell_note(fmt::format("{}: {} file{} skipped, not being called .jpg, .jpeg, .png or .webp", printable(name_),
                          folder.skipped, folder.skipped == 1 ? " is" : "s are"));
  if (folder.hidden > 0)
    tell_note(
        fmt::format("{}: {} skipped, the name{} beginning with a dot", printable(name_),
                    folder.hidden == 1 ? "1 file or folder is" : fmt::format("{} files or folders are", folder.hidden),
                    folder.hidden == 1 ? "" : "s"));
  kept_ = std::make_unique<TemporaryFile>();
  path_ = kept_->path().string();
  for (const std::string& image : folder.images) {
    OrderedJson line = {{"id", image}, {"image", image}, {"prompt", input.prompt}};
    if (holds_ == LineHolds::responses) line["responses"] = input.responses;
    keep(line.dump() + "\n");
  }
}

// Nothing is asked of a pipe behind the last line that counts: it may have no end, or be slow.
void SamplesFile::keep_in_temporary_file(const std::string& path) {
  LineReader pipe(path, name_);
  kept_ = std::make_unique<TemporaryFile>();
  path_ = kept_->path().string();
  directory_.clear();
  constexpr size_t kChunk = 1 << 16;
  std::string chunk;
  int64_t samples = 0;
  for (std::string line; samples < limit_ && pipe.next(line);) {
    samples += !is_blank(line);
    chunk += line + "\n";  // blank ones too, as errors number all lines
    if (chunk.size() < kChunk) continue;
    keep(chunk);
    chunk.clear();
  }
  keep(chunk);
  cut_ = samples == limit_;
}

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
    const auto [sample, source] = parsed(line, lines);
    facts.without_image += sample.images.empty();
    for (const auto& [image, bytes, folder] : sample.images) {
      std::error_code error;
      if (!fs::is_regular_file(image, error)) fail("{}: the image {} is not there", source, printable(image.string()));
      if (read_images) images.add(image);
    }
  }
  facts.limited = facts.limited || cut_;
  if (facts.samples == 0) fail("{}: holds no sample", name_);
  facts.lines = text.hex();
  facts.images = images.hex();
  return facts;
}

SamplesFile::Reader::Line SamplesFile::parsed(const std::string& line, const LineReader& lines) const {
  Sample sample = parse_sample(line, lines.number(), lines.source(), directory_, holds_);
  std::string source = is_folder_ ? sample.images.front().path.string() : lines.source();
  return {std::move(sample), std::move(source)};
}

SamplesFile::Reader::Reader(const SamplesFile& file)
    : file_(file), lines_(file.path_, file.name_), left_(file.limit_) {}

std::vector<SamplesFile::Reader::Line> SamplesFile::Reader::next(int64_t count) {
  std::vector<Line> lines;
  std::string text;
  while (static_cast<int64_t>(lines.size()) < count && left_ > 0 && lines_.next_not_blank(text)) {
    --left_;
    lines.push_back(file_.parsed(text, lines_));
  }
  return lines;
}

void SamplesFile::Reader::skip(int64_t count) {
  std::string text;
  while (count-- > 0 && left_ > 0 && lines_.next_not_blank(text)) --left_;
}

}  // namespace vlrm
