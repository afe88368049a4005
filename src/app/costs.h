// Estimates of what a run takes.
#pragma once

#include <vlrm/costs.h>

#include <cstdint>
#include <string>

#include "app/model.h"
#include "prompt/prompt_encoder.h"

namespace vlrm {

// Bytes a second that reading the checkpoint gives with all threads, whatever it is computed from: measured on some of
// its tensors, for about 0.2 s.
double measured_weight_rate(const Checkpoint& checkpoint);
int64_t bytes_of(const Checkpoint& checkpoint);

// Costs of scoring, from some of the samples.
class ScoringCosts {
 public:
  // Throws Error as the Scorer would.
  ScoringCosts(const Model& model, const ScorerOptions& scorer, const ModelOptions& options);

  // Throws Error as Scorer::prepare.
  void add(const Sample& sample, const std::string& source);
  // Of so many samples like those that were added, computed `batch` at a time, with each of `recipes` merges.
  Costs of(int64_t samples, int64_t batch, int64_t recipes = 1) const;

 private:
  double operations_of_texts(const std::vector<std::vector<int32_t>>& texts, int64_t image_rows);

  const Model& model_;
  const bool likelihood_, merges_;
  const std::string device_;
  const PromptEncoder encoder_;
  const BackendOptions backend_;
  int64_t samples_ = 0, texts_ = 0, tokens_ = 0, images_ = 0;
  double image_operations_ = 0, text_operations_ = 0;
};

// How many samples are read for an estimate, and which: evenly spread over all of them.
std::vector<int64_t> samples_to_read(int64_t samples);

}  // namespace vlrm
