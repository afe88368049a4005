#include "reward/score_run.h"

#include <fcntl.h>
#include <unistd.h>

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
  explicit LineSink(const std::optional<fs::path>& path)
      : path_(path), name_(path ? path->string() : "standard output") {
    if (path_) descriptor_ = ::open(path_->c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (descriptor_ < 0) fail("{}: cannot be written: {}", name_, std::strerror(errno));
  }
  LineSink(const LineSink&) = delete;
  LineSink& operator=(const LineSink&) = delete;
  ~LineSink() {
    if (path_) ::close(descriptor_);
  }
  void write(std::string_view text) const { write_all_or_throw(descriptor_, text, name_); }
  void flush_to_disk() const {
    if (path_ && ::fsync(descriptor_) != 0) fail("{}: cannot be flushed to disk: {}", name_, std::strerror(errno));
  }

 private:
  const std::optional<fs::path> path_;
  const std::string name_;
  int descriptor_ = STDOUT_FILENO;
};

// The lines of an unfinished output that stay: whole ones, as many as make whole batches; all of a finished one.
struct Kept {
  int64_t lines = 0, bytes = 0;
};
Kept kept_lines(const fs::path& output, int64_t batch, int64_t total) {
  std::ifstream stream(output, std::ios::binary);
  Kept kept;
  int64_t lines = 0, bytes = 0;
  for (std::string line; std::getline(stream, line) && !stream.eof();) {  // eof: no newline at its end
    bytes += static_cast<int64_t>(line.size()) + 1;
    if (++lines % batch == 0 || lines == total) kept = {lines, bytes};
  }
  return kept;
}

bool holds_scores_of(const std::string& line, const Sample& sample) {
  try {
    const OrderedJson json = parse_ordered_json_or_throw(line, "");
    const auto scores = required_field<std::vector<double>>(json, "scores", "");
    return json.contains("id") && json.at("id") == sample.id && scores.size() == sample.responses.size();
  } catch (const Error&) {
    return false;
  }
}

void check_kept_lines(const fs::path& output, const SamplesFile& samples, int64_t count) {
  LineReader lines(output.string());
  SamplesFile::Reader reader(samples);
  std::string line;
  for (int64_t i = 0; i < count && lines.next(line); ++i) {
    const auto expected = reader.next(1);
    if (expected.empty() || !holds_scores_of(line, expected[0].sample))
      fail("{}: does not hold the scores of {}; remove the file, or let --force start anew", lines.source(),
           expected.empty() ? "any sample" : "the sample of " + expected[0].source);
  }
}

struct PreparedBatch {
  std::vector<SamplesFile::Reader::Line> lines;
  std::vector<PreparedSample> samples;
};

PreparedBatch prepare_batch(SamplesFile::Reader& reader, const Scorer& scorer, int64_t count) {
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

ScoreRun::ScoreRun(ScoreRunOptions options) : options_(std::move(options)), samples_(options_.input) {
  facts_ = samples_.check();
  std::error_code error;
  if (options_.output && fs::equivalent(options_.input, *options_.output, error))
    fail("{}: is the input and the output; name another output", options_.output->string());
  options_.settings["batch_samples"] = options_.batch_samples;
  options_.settings["input"] = facts_.lines;
  options_.settings["images"] = facts_.images;
  if (!options_.output) return;
  parents_.emplace(*options_.output);
  if (!options_.force && fs::exists(*options_.output)) plan_resume();
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
  const Kept kept = kept_lines(*options_.output, options_.batch_samples, total());
  check_kept_lines(*options_.output, samples_, kept.lines);
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
  SamplesFile::Reader reader(samples_);
  reader.skip(done_);
  Progress progress("scoring", total() - done_, Progress::Unit::samples);
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
