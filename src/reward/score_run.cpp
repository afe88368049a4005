#include "reward/score_run.h"

#include <fcntl.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <future>

#include "base/atomic_output.h"
#include "base/error.h"
#include "base/file.h"
#include "base/line_reader.h"
#include "base/progress.h"
#include "base/threads.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

fs::path settings_path(const fs::path& output) {
  return output.string() + ".run.json";
}

// Where output lines go: appended to a file, or standard output.
class LineSink {
 public:
  explicit LineSink(const std::optional<fs::path>& path) : path_(path) {
    if (path_) descriptor_ = ::open(path_->c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (descriptor_ < 0) fail("{}: cannot be written: {}", name(), std::strerror(errno));
  }
  ~LineSink() {
    if (path_) ::close(descriptor_);
  }
  void write(std::string_view text) const {
    while (!text.empty()) {
      const ssize_t written = ::write(descriptor_, text.data(), text.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) fail("{}: cannot be written: {}", name(), std::strerror(errno));
      text.remove_prefix(static_cast<size_t>(written));
    }
  }
  void flush_to_disk() const {
    if (path_ && ::fsync(descriptor_) != 0) fail("{}: cannot be flushed to disk: {}", name(), std::strerror(errno));
  }

 private:
  std::string name() const { return path_ ? path_->string() : "standard output"; }
  std::optional<fs::path> path_;
  int descriptor_ = STDOUT_FILENO;
};

// The samples of a file, line by line.
class SampleReader {
 public:
  explicit SampleReader(const fs::path& path) : directory_(path.parent_path()), lines_(path.string()) {}
  struct Line {
    Sample sample;
    std::string source;
  };
  std::vector<Line> next(int64_t count) {
    std::vector<Line> lines;
    std::string text;
    while (static_cast<int64_t>(lines.size()) < count && lines_.next_not_blank(text)) {
      Sample sample = parse_sample(text, lines_.source(), directory_);
      lines.push_back({std::move(sample), lines_.source()});
    }
    return lines;
  }
  void skip(int64_t count) {
    std::string text;
    while (count-- > 0 && lines_.next_not_blank(text)) continue;
  }

 private:
  fs::path directory_;
  LineReader lines_;
};

// What identifies a file without reading it.
std::string file_facts(const fs::path& file) {
  std::error_code error;
  const auto size = fs::file_size(file, error);
  const auto time = fs::last_write_time(file, error).time_since_epoch().count();
  return fmt::format("{} {} {}\n", file.string(), size, time);
}

std::string digest(std::string_view text) {
  return fmt::format("{:016x}", XXH3_64bits(text.data(), text.size()));
}

struct InputFacts {
  int64_t samples = 0, without_image = 0;
  std::string images;  // a digest of which they are
};

// Reads every line, so that bad input is told before the first score.
InputFacts check_samples(const fs::path& path) {
  File::open_or_throw(path);  // it is read more than once, so it has to be a regular file
  SampleReader reader(path);
  InputFacts facts;
  std::string images;
  for (auto lines = reader.next(1); !lines.empty(); lines = reader.next(1), ++facts.samples) {
    facts.without_image += lines[0].sample.images.empty();
    for (const auto& image : lines[0].sample.images) {
      std::error_code error;
      if (!fs::is_regular_file(image, error))
        fail("{}: the image {} is not there", lines[0].source, printable(image.string()));
      images += file_facts(image);
    }
  }
  facts.images = digest(images);
  return facts;
}

// The whole lines at the beginning of a file, as many as make whole batches.
struct Kept {
  int64_t lines = 0, bytes = 0;
};
Kept whole_lines(const fs::path& path, int64_t batch) {
  std::ifstream stream(path, std::ios::binary);
  Kept kept;
  int64_t lines = 0, bytes = 0;
  for (std::string line; std::getline(stream, line) && !stream.eof();) {  // eof: no newline at its end
    bytes += static_cast<int64_t>(line.size()) + 1;
    if (++lines % batch == 0) kept = {lines, bytes};
  }
  return kept;
}

struct PreparedBatch {
  std::vector<SampleReader::Line> lines;
  std::vector<PreparedSample> samples;
};

PreparedBatch prepare_batch(SampleReader& reader, const Scorer& scorer, int64_t count) {
  PreparedBatch batch;
  batch.lines = reader.next(count);
  batch.samples.resize(batch.lines.size());
  parallel_for(static_cast<int64_t>(batch.lines.size()), [&](int64_t i) {
    const auto& line = batch.lines[static_cast<size_t>(i)];
    batch.samples[static_cast<size_t>(i)] = scorer.prepare(line.sample, line.source);
  });
  return batch;
}

std::string first_difference(const OrderedJson& before, const OrderedJson& now) {
  for (const char* key : {"input", "images"})
    if (before.contains(key) && before.at(key) != now.at(key)) return std::string(key) + " changed since";
  for (const auto& [key, value] : now.items())
    if (!before.contains(key) || before.at(key) != value)
      return fmt::format("{} was {}, now {}", key, before.contains(key) ? before.at(key).dump() : "not there",
                         value.dump());
  return "other settings";
}

}  // namespace

std::string directory_stamp(const fs::path& directory) {
  std::vector<std::string> facts;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(directory, error))
    if (fs::is_regular_file(entry.path(), error)) facts.push_back(file_facts(entry.path()));
  std::sort(facts.begin(), facts.end());
  std::string all;
  for (const auto& fact : facts) all += fact;
  return digest(all);
}

std::string file_digest(const fs::path& path) {
  const File file = File::open_or_throw(path);
  std::vector<std::byte> chunk(1 << 20);
  const std::unique_ptr<XXH3_state_t, decltype(&XXH3_freeState)> state(XXH3_createState(), XXH3_freeState);
  XXH3_64bits_reset(state.get());
  for (int64_t at = 0; at < file.size(); at += static_cast<int64_t>(chunk.size())) {
    const auto part = std::span(chunk).first(std::min(chunk.size(), static_cast<size_t>(file.size() - at)));
    file.read_or_throw(at, part);
    XXH3_64bits_update(state.get(), part.data(), part.size());
  }
  return fmt::format("{:016x}", XXH3_64bits_digest(state.get()));
}

ScoreRun::ScoreRun(ScoreRunOptions options) : options_(std::move(options)) {
  const InputFacts facts = check_samples(options_.input);
  total_ = facts.samples;
  without_image_ = facts.without_image;
  std::error_code error;
  if (options_.output && fs::equivalent(options_.input, *options_.output, error))
    fail("{}: is the input and the output; name another output", options_.output->string());
  if (options_.batch_samples < 1) fail("--batch-samples: {} is less than 1", options_.batch_samples);
  options_.settings["batch_samples"] = options_.batch_samples;
  options_.settings["input"] = file_digest(options_.input);
  options_.settings["images"] = facts.images;
  if (options_.output && !options_.force && fs::exists(*options_.output)) plan_resume();
}

void ScoreRun::plan_resume() {
  const fs::path settings = settings_path(*options_.output);
  if (!fs::exists(settings))
    fail("{}: exists already, without the {} of a run to go on with; --force starts anew", options_.output->string(),
         settings.filename().string());
  const OrderedJson before = read_ordered_json_or_throw(settings);
  if (before != options_.settings)
    fail("{}: made with other settings ({}); --force starts anew", options_.output->string(),
         first_difference(before, options_.settings));
  // All lines there: finished, whether or not the last batch is a full one.
  const Kept all = whole_lines(*options_.output, 1);
  const Kept kept = all.lines == total_ ? all : whole_lines(*options_.output, options_.batch_samples);
  done_ = kept.lines;
  output_bytes_ = kept.bytes;
}

void ScoreRun::begin_output() const {
  if (!options_.output) return;
  // Cut first: lines made with other settings must never stand beside these.
  if (fs::exists(*options_.output)) {
    std::error_code error;
    fs::resize_file(*options_.output, static_cast<uintmax_t>(output_bytes_), error);
    if (error) fail("{}: cannot be cut to its whole lines: {}", options_.output->string(), error.message());
  }
  if (done_ == 0) write_file_atomically(settings_path(*options_.output), options_.settings.dump(2) + "\n", true);
}

std::string ScoreRun::line(const OrderedJson& id, const std::vector<double>& scores) const {
  std::string values;
  for (const double score : scores)
    values += fmt::format("{}{}", values.empty() ? "" : ", ", static_cast<float>(score));
  std::string date;
  if (options_.settings.contains("date") && options_.settings["date"].is_string())
    date = fmt::format(", \"date\": {}", options_.settings["date"].dump());
  return fmt::format("{{\"id\": {}, \"scores\": [{}]{}}}\n", id.dump(), values, date);
}

void ScoreRun::score(Scorer& scorer) {
  begin_output();
  const LineSink sink(options_.output);
  SampleReader reader(options_.input);
  reader.skip(done_);
  Progress progress("scoring", total_ - done_, Progress::Unit::samples);
  const auto prepare = [&] { return prepare_batch(reader, scorer, options_.batch_samples); };
  auto next = std::async(std::launch::async, prepare);
  for (;;) {
    const PreparedBatch batch = next.get();
    if (batch.lines.empty()) break;
    next = std::async(std::launch::async, prepare);  // the next one is read while this one is computed
    const auto scores = scorer.score(batch.samples);
    std::string text;
    for (size_t i = 0; i < scores.size(); ++i) text += line(batch.lines[i].sample.id, scores[i]);
    sink.write(text);
    progress.advance(static_cast<int64_t>(scores.size()));
  }
  sink.flush_to_disk();
}

}  // namespace vlrm
