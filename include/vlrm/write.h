// Files of texts that a model writes about a dataset. A killed run resumes.
#pragma once

#include <vlrm/dataset.h>
#include <vlrm/error.h>
#include <vlrm/listener.h>
#include <vlrm/model.h>
#include <vlrm/sampling.h>

#include <string>

namespace vlrm {

struct WriteOptions {
  ModelOptions model;
  DatasetName data;  // "": the task's own, a hub id
  SamplingOptions sampling;
  std::optional<int64_t> max_new_tokens;  // none: the reference's
  int64_t texts_together = 64;            // written at a time; texts do not depend on it
  std::string output;
  std::optional<int64_t> limit;  // use only this many rows, from the first; above 0; none: all
  bool force = false;            // start again where the output exists
  bool resume_mixed = false;     // resume with settings that may change the last digits
  Listener* listener = nullptr;
};

struct CaptionOptions {
  WriteOptions write;
  std::string task;  // vl-rewardbench, textvqa_val, textvqa_train_100, mmmu_pro_standard_cot, …, or the file of a task
                     // of your own (.yml)
  std::string responses;        // JSON lines with id and input: the questions of tasks without them
  std::string prompt_template;  // a file; "": the program's own wording
};

// Descriptions of a benchmark's images: {"id": "caption", …}.
void caption(const CaptionOptions& options);

struct AnswersOptions {
  WriteOptions write;
  std::string task;         // or a file, as above
  int64_t texts = 8;        // answers to a question: from 1 to 1,000,000
  uint64_t first_seed = 0;  // of the first answer; the next ones have the next
};

// Candidate answers for best-of-n, marked right or wrong: one JSON line per question.
void answers(const AnswersOptions& options);

struct JudgeOptions {
  WriteOptions write;
  std::string task;                            // any benchmark, or a file
  std::string responses;                       // JSON lines: id, input, responses, correctness
  std::string judging = "score";               // score, likelihood or pairwise
  std::string prompt_template, system_prompt;  // files; "": the program's own wording
  std::string label;                           // the row's name in tables
};

// A model's opinion of responses, a text model's without the images: result rows in the folder `write.output`.
void judge(const JudgeOptions& options);

}  // namespace vlrm
