#include "reward/score_run.h"

#include "base/claim_file.h"
#include "base/error.h"
#include "base/json_fields.h"
#include "base/progress.h"
#include "reward/scoring_loop.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

struct Scored {
  std::vector<double> scores;
  TextNotes notes;
};

// Nothing where a line is not of this sample.
std::optional<Scored> read_line(const std::string& line, const Sample& sample) {
  try {
    const OrderedJson json = parse_ordered_json_or_throw(line, "");
    Scored scored{required_field<std::vector<double>>(json, "scores", ""), {}};
    if (json.contains("texts")) scored.notes = TextNotes::from_json(json.at("texts"), "");
    const bool fits = json.contains("id") && json.at("id") == sample.id;
    if (fits && scored.scores.size() == sample.responses.size()) return scored;
  } catch (const Error&) {
  }
  return std::nullopt;
}

std::string score_line(const Sample& sample, const std::vector<double>& scores, const OrderedJson& date,
                       const TextNotes& notes) {
  std::string values;
  for (const double score : scores)
    values += fmt::format("{}{}", values.empty() ? "" : ", ", static_cast<float>(score));
  const std::string at = date.is_string() ? fmt::format(", \"date\": {}", date.dump()) : "";
  const std::string texts = notes.empty() ? "" : fmt::format(", \"texts\": {}", notes.json().dump());
  std::string other;
  for (const auto& [key, value] : sample.other.items())
    other += fmt::format(", {}: {}", OrderedJson(key).dump(), value.dump());
  return fmt::format("{{\"id\": {}, \"scores\": [{}]{}{}{}}}", sample.id.dump(), values, at, texts, other);
}

}  // namespace

ScoreRun::ScoreRun(ScoreRunOptions options) : options_(std::move(options)), samples_(options_.input, options_.limit) {
  facts_ = samples_.check(options_.output.has_value());
  std::error_code error;
  if (options_.output && fs::equivalent(options_.input.path(), *options_.output, error))
    fail("{}: is the input and the output; name another output", options_.output->string());
  options_.settings["batch_samples"] = options_.batch_samples;
  if (facts_.limited) options_.settings["limit"] = facts_.samples;
  options_.settings["input"] = facts_.lines;
  options_.settings["images"] = facts_.images;
  output_.emplace(ResumableLines::Options{.output = options_.output,
                                          .write = options_.write,
                                          .settings_file = with_ending(options_.output.value_or(""), ".run.json"),
                                          .settings = options_.settings,
                                          .batch = options_.batch_samples,
                                          .total = facts_.samples,
                                          .force = options_.force,
                                          .mixed = options_.mixed});
  check_done();
}

void ScoreRun::check_done() {
  SamplesFile::Reader reader(samples_);
  output_->check_done([&](int64_t, const std::string& line) -> std::optional<std::string> {
    const auto expected = reader.next(1);
    const Sample& sample = expected.at(0).sample;
    if (const auto scored = read_line(line, sample)) {
      notes_.add(scored->notes);
      if (options_.seen) options_.seen(sample, scored->scores);
      return std::nullopt;
    }
    return "the scores of the sample of " + expected[0].source;
  });
}

void ScoreRun::score(Scorer& scorer) {
  using Line = SamplesFile::Reader::Line;
  output_->begin();
  SamplesFile::Reader reader(samples_);
  reader.skip(done());
  Progress progress("scoring", total() - done(), Progress::Unit::samples);
  const OrderedJson date = options_.settings.value("date", OrderedJson());
  const auto append = [&](const PreparedBatch<Line>& batch, const BatchScores& scores) {
    std::string lines;
    for (size_t i = 0; i < scores.size(); ++i) {
      const Sample& sample = batch.items[i].sample;
      const TextNotes& notes = batch.samples[i].notes;
      if (options_.seen) options_.seen(sample, scores[i]);
      notes_.add(notes);
      lines += score_line(sample, scores[i], date, notes) + "\n";
    }
    output_->append(lines);
    progress.advance(static_cast<int64_t>(scores.size()));
  };
  score_in_batches<Line>(
      scorer, options_.batch_samples, [&](int64_t count) { return reader.next(count); }, append);
  output_->finish();
}

}  // namespace vlrm
