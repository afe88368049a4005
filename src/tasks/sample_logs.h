// The logs that lmms-eval writes with --log_samples.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "tasks/benchmark_spec.h"

namespace vlrm {

struct AggregatedAnswers {
  std::string lines;  // a JSON line a question, in the fields of the published responses
  int64_t questions = 0, responses = 0, files = 0;
  bool uneven = false;  // questions have different numbers of responses
};

// All .jsonl files under `directory`, in the order of their paths: a question's responses in that order, questions as
// they first come. Throws Error where there are none, and naming file and line for what is
// no such log.
AggregatedAnswers aggregate_sample_logs(const std::filesystem::path& directory, const AnswerRules& rules);

// A field of a logged sample. Throws Error naming `source` where there is none.
const OrderedJson& logged_field(const OrderedJson& object, const std::string& key, const std::string& source);

}  // namespace vlrm
