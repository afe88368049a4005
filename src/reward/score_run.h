// Scoring a file of samples: a line in, a line out, in input order, resumable.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "base/resumable_lines.h"
#include "prompt/samples_file.h"
#include "reward/scorer.h"

namespace vlrm {

struct ScoreRunOptions {
  SamplesInput input;
  std::optional<std::filesystem::path> output;  // none: lines go to `write`, and are not resumable
  std::optional<int64_t> limit = {};            // use only this many samples, from the first
  int64_t batch_samples = 8;  // above 0: computed together; part of the settings, since it can move last digits
  bool force = false;         // start again where the output exists
  bool mixed = false;         // go on though last digits may move
  OrderedJson settings;       // what the scores depend on: kept beside the output, compared on resume
  // Gets each sample's scores, those of an earlier run too.
  std::function<void(const Sample& sample, const std::vector<double>& scores)> seen = {};
  std::function<void(std::string_view lines)> write = {};  // gets the lines where there is no output
};

// Plans at construction (what is done already), so that finished work costs no model. OUTPUT gets {"id", "scores": […]}
// a line, with the fields of the sample that are the user's own ("date" too where a clock was offered, "texts" where
// there is something to note); OUTPUT.run.json the settings.
class ScoreRun {
 public:
  // Throws Error if the input cannot be read, or if, force not being set, the output was made with other settings or
  // has a line that is not the one to expect at its place.
  explicit ScoreRun(ScoreRunOptions options);
  bool finished() const { return output_->finished(); }
  int64_t done() const { return output_->done(); }                // lines of the output that stay
  int64_t total() const { return facts_.samples; }                // lines of the input
  const TextNotes& notes() const { return notes_; }               // of all texts, those of an earlier run too
  int64_t without_image() const { return facts_.without_image; }  // of them
  // Scores the rest. Throws Error naming file and line; the lines before it are kept.
  void score(Scorer& scorer);

 private:
  void check_done();
  ScoreRunOptions options_;
  SamplesFile samples_;
  SamplesFile::Facts facts_;
  std::optional<ResumableLines> output_;
  TextNotes notes_;
};

}  // namespace vlrm
