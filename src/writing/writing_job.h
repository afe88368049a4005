// What is to be written about a dataset: which requests there are, and what file their texts make.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "data/dataset.h"
#include "generate/generator.h"
#include "prompt/samples_file.h"
#include "tasks/benchmark.h"
#include "writing/prompt_template.h"

namespace vlrm {

struct NumberedRequest {
  int64_t number = 0;
  GenerationRequest request;
};

class RequestStream {
 public:
  virtual ~RequestStream() = default;
  // Nothing after the last. Throws Error naming the row.
  virtual std::optional<NumberedRequest> next() = 0;
};

class WritingJob {
 public:
  virtual ~WritingJob() = default;
  virtual int64_t requests() const = 0;
  virtual int64_t texts_a_request() const { return 1; }
  // In the order of their numbers, without those that are not wanted. Must not outlive the job.
  using Wanted = std::function<bool(int64_t number)>;
  virtual std::unique_ptr<RequestStream> stream(Wanted wanted) const = 0;
  // `written` gives the texts of a request as a list; of a job that asks for numbers_at_once(), the number.
  using Written = std::function<OrderedJson(int64_t number)>;
  struct Output {
    std::string bytes;
    std::string note = {};  // what who reads it should know; may be empty
  };
  virtual Output output(const Written& written) const = 0;
  virtual OrderedJson settings() const = 0;  // what the output depends on, beside model and sampling

  // Numbers of which the model is to say one, where nothing is to be written: its expectation is what counts.
  virtual std::vector<int> numbers_at_once() const { return {}; }
  virtual bool drops_alpha() const { return false; }  // see BenchmarkSpec
};

// Captions for the cascade: {"id": "caption", …} as the reference publishes them. Of rows with one id, the last counts,
// at the first one's place. These functions look at all rows, and throw Error naming the one that is malformed.
std::unique_ptr<WritingJob> caption_job(std::shared_ptr<const Benchmark> benchmark, PromptTemplate prompt);

struct AnswerJobOptions {
  SharedSpec benchmark;  // one that has answers
  DatasetName data;
  int64_t texts = 8;  // answers a question
  uint64_t first_seed = 0;
  std::optional<int64_t> limit = {};  // questions
};
// Answers for best-of-N: a JSON line a question with its responses and their correctness, as the reference publishes
// them.
std::unique_ptr<WritingJob> answer_job(const AnswerJobOptions& options);

struct PromptJobOptions {
  std::shared_ptr<const SamplesFile> samples;  // of prompts
  bool compares_images = true;                 // what their files hold is part of the settings
  bool shows_images = true;                    // false for a text model
  int64_t texts = 1;                           // answers a prompt
  uint64_t first_seed = 0;
};
// Answers to prompts: prompt_line() of each. Throws Error for a malformed line, and for images that are not shown.
std::unique_ptr<WritingJob> prompt_job(const PromptJobOptions& options);
// {"id", "texts": […]} and the fields of the sample that are the user's own, with a newline.
std::string prompt_line(const Sample& sample, const OrderedJson& texts);

// score: reasons, then a number. likelihood: the number that is to be expected, from the probabilities of 1 to 5.
// pairwise: each two responses beside each other in both orders, and the fraction that a response wins.
enum class Judging { score, likelihood, pairwise };

struct JudgeJobOptions {
  Judging judging = Judging::score;
  std::optional<std::filesystem::path> prompt, system_prompt;  // templates; none: the program's own
  bool shows_images = true;                                    // false for a text model, which judges by the words
  std::string response_prefix = {};                            // a judgement begins with it; the model writes the rest
};
// A model as the judge of responses: a benchmark's result rows, with vlm_outputs.
std::unique_ptr<WritingJob> judge_job(std::shared_ptr<const Benchmark> benchmark, const JudgeJobOptions& options);

}  // namespace vlrm
