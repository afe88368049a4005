// Scoring a file of samples by many processes: the lines of ScoreRun.
#pragma once

#include <cstdint>
#include <optional>

#include "distributed/distributed_lines.h"
#include "reward/score_run.h"

namespace vlrm {

// One process's share. A part keeps the digests of its samples' images, so that each image is read by one process.
class DistributedScoreRun {
 public:
  // Of the options, `output` is needed; `force` and `mixed` are not for many processes. Throws Error as ScoreRun, and
  // where the job was begun with other settings, or with other images.
  DistributedScoreRun(ScoreRunOptions options, const Ranks& ranks);

  bool joined() const { return lines_->joined(); }  // when this process began, the output was there
  bool complete() const { return lines_->complete(); }
  DistributedLines::Done done() const { return lines_->done(); }
  int64_t blocks() const { return lines_->blocks(); }
  int64_t total() const { return facts_.samples; }
  int64_t without_image() const { return facts_.without_image; }

  // What nobody else has begun. Throws Error naming file and line; whole blocks before it are kept.
  void score(Scorer& scorer);
  // Once complete: `seen` gets all scores, the result are the notes of all texts. Throws Error naming a damaged part.
  TextNotes join();

 private:
  struct Line;
  void check_images();
  std::vector<Line> read_batch(int64_t count);
  ScoreRunOptions options_;
  SamplesFile samples_;
  SamplesFile::Facts facts_;
  std::optional<DistributedLines> lines_;
  std::optional<SamplesFile::Reader> reader_;  // of score()
  int64_t at_ = 0;                             // the sample that it reads next
};

}  // namespace vlrm
