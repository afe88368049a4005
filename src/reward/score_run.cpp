#include "reward/score_run.h"

#include "base/claim_file.h"
#include "base/error.h"
#include "base/progress.h"
#include "reward/score_line.h"
#include "reward/scoring_loop.h"

namespace vlrm {
ScoreRun::ScoreRun(ScoreRunOptions options) : options_(std::move(options)), samples_(options_.input, options_.limit) {
  facts_ = samples_.check(options_.output.has_value());
  if (options_.output) refuse_input_as_output(options_.input, *options_.output);
  add_input(options_.settings, options_.batch_samples, facts_);
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
    if (const auto scored = read_score_line(line, sample)) {
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
