#include "reward/distributed_score_run.h"

#include "base/claim_file.h"
#include "base/content_digest.h"
#include "base/error.h"
#include "base/progress.h"
#include "prompt/images_digest.h"
#include "reward/score_line.h"
#include "reward/scoring_loop.h"

namespace vlrm {
namespace {

// Of each image that the sample names.
OrderedJson digests_of_images(const Sample& sample) {
  OrderedJson digests = OrderedJson::array();
  for (const auto& [path, bytes, folder] : sample.images) digests.push_back(file_digest(path));
  return digests;
}

}  // namespace

struct DistributedScoreRun::Line : SamplesFile::Reader::Line {
  DistributedLines::Batch batch;
  OrderedJson images;
};

DistributedScoreRun::DistributedScoreRun(ScoreRunOptions options, const Ranks& ranks)
    : options_(std::move(options)), samples_(options_.input, options_.limit), facts_(samples_.check(false)) {
  const auto& output = options_.output.value();
  refuse_input_as_output(options_.input, output);
  add_input(options_.settings, options_.batch_samples, facts_);
  lines_.emplace(DistributedLines::Options{.output = output,
                                           .settings_file = with_ending(output, ".run.json"),
                                           .settings = options_.settings,
                                           .batch = options_.batch_samples,
                                           .total = facts_.samples,
                                           .ranks = ranks});
  check_images();
}

void DistributedScoreRun::check_images() {
  SamplesFile::Reader reader(samples_);
  int64_t at = 0;
  lines_->for_own_done([&](int64_t block) {
    const DistributedLines::Part part = lines_->part(block);
    reader.skip(lines_->first(block) - at);
    at = lines_->first(block) + lines_->lines(block);
    for (const OrderedJson& digests : part.facts)
      for (const auto& [sample, source] : reader.next(1))
        if (digests_of_images(sample) != digests)
          fail("{}: its images changed since they were scored; remove {} and {}.parts, or name another output", source,
               options_.output->string(), options_.output->string());
  });
}

// All of one block; nothing at the end.
std::vector<DistributedScoreRun::Line> DistributedScoreRun::read_batch(int64_t) {
  const auto batch = lines_->next();
  if (!batch) return {};
  if (!reader_ || batch->first < at_) {
    reader_.emplace(samples_);
    at_ = 0;
  }
  reader_->skip(batch->first - at_);
  at_ = batch->first + batch->count;
  std::vector<Line> lines;
  for (auto& line : reader_->next(batch->count)) lines.push_back({std::move(line), *batch, {}});
  parallel_for(std::ssize(lines), [&](int64_t i) {
    Line& line = lines[static_cast<size_t>(i)];
    line.images = digests_of_images(line.sample);
  });
  return lines;
}

void DistributedScoreRun::score(Scorer& scorer) {
  Progress progress("scoring", total() - done().lines, Progress::Unit::samples);
  const OrderedJson date = options_.settings.value("date", OrderedJson());
  const auto add = [&](const PreparedBatch<Line>& batch, const BatchScores& scores) {
    std::string lines;
    OrderedJson images = OrderedJson::array();
    for (size_t i = 0; i < scores.size(); ++i) {
      lines += score_line(batch.items[i].sample, scores[i], date, batch.samples[i].notes) + "\n";
      images.push_back(batch.items[i].images);
    }
    lines_->add(batch.items.front().batch, lines, images);
    progress.advance(std::ssize(scores));
  };
  score_in_batches<Line>(
      scorer, options_.batch_samples, [&](int64_t count) { return read_batch(count); }, add);
}

TextNotes DistributedScoreRun::join() {
  SamplesFile::Reader reader(samples_);
  TextNotes notes;
  ImagesDigest images;
  const auto check = [&](int64_t number, const std::string& line, const OrderedJson& digests) {
    for (const auto& [sample, source] : reader.next(1)) {
      const auto scored = read_score_line(line, sample);
      if (!scored || digests.size() != sample.images.size())
        fail(
            "{}.parts: line {} does not hold the scores of the sample of {}; remove the folder and run the command "
            "again",
            options_.output->string(), number + 1, source);
      notes.add(scored->notes);
      if (options_.seen) options_.seen(sample, scored->scores);
      for (size_t i = 0; i < sample.images.size(); ++i)
        images.add(sample.images[i].path, digests[i].get<std::string>());
    }
  };
  lines_->join(check, [&] {
    OrderedJson settings = options_.settings;
    settings["images"] = images.hex();
    return settings;
  });
  return notes;
}

}  // namespace vlrm
