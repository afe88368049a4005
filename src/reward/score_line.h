// The lines of an output of scores, and what its settings say about its input.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "prompt/sample.h"
#include "prompt/samples_file.h"
#include "prompt/text_notes.h"

namespace vlrm {

struct ScoredSample {
  std::vector<double> scores;
  TextNotes notes;
};

// Nothing where a line is not of this sample.
std::optional<ScoredSample> read_score_line(const std::string& line, const Sample& sample);
// Without a newline; `date` is a string or null.
std::string score_line(const Sample& sample, const std::vector<double>& scores, const OrderedJson& date,
                       const TextNotes& notes);

// All but what images hold.
void add_input(OrderedJson& settings, int64_t batch_samples, const SamplesFile::Facts& facts);
// Throws Error where the two are one file.
void refuse_input_as_output(const SamplesInput& input, const std::filesystem::path& output);

}  // namespace vlrm
