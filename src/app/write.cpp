#include <vlrm/write.h>

#include <filesystem>
#include <map>

#include "app/benchmarks.h"
#include "app/listening.h"
#include "app/option_checks.h"
#include "app/run_writing.h"
#include "base/error.h"
#include "tasks/answer_task.h"
#include "tasks/own_task.h"
#include "writing/own_prompts.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

constexpr int64_t kReferenceTokens = 2048;  // of captions and judgements

const std::map<std::string, Judging> kJudgings{
    {"score", Judging::score}, {"likelihood", Judging::likelihood}, {"pairwise", Judging::pairwise}};

void refuse_responses_beside_own(const std::string& task, const std::string& responses) {
  if (!responses.empty())
    throw OptionError("responses", fmt::format("not for {}, whose dataset holds them", printable(task)));
}

void need_responses(const std::string& task, const std::string& responses, const char* why) {
  if (responses.empty())
    throw OptionError("responses", fmt::format("{} needs a file of responses{}", printable(task), why));
}

void need_data(const BenchmarkSpec& spec, const WriteOptions& write, const std::string& task) {
  if (write.data.data.empty() && spec.data.data.empty())
    throw OptionError(
        "data", fmt::format("names the rows, which {} does not: a file, a directory or a hub id", printable(task)));
}

// Captions need no responses: the rows have the questions.
std::shared_ptr<const Benchmark> own_benchmark_of(const OwnTask& own, const std::string& task,
                                                  const std::string& responses, const WriteOptions& write,
                                                  ResponsesFile holds) {
  need_data(*own.answers, write, task);
  if (responses.empty() && holds == ResponsesFile::questions)
    return limited(open_benchmark(own.questions, write.data), write.limit);
  need_responses(task, responses, "");
  return limited(open_best_of_n(own.answers, responses, write.data, true, holds), write.limit);
}

// Of either kind: with responses in its dataset, or in a file.
std::shared_ptr<const Benchmark> benchmark_of(const std::string& task, const std::string& responses,
                                              const WriteOptions& write, ResponsesFile holds) {
  require_limit(write.limit);
  if (is_task_file(task)) return own_benchmark_of(own_task_or_throw(task), task, responses, write, holds);
  const BenchmarkSpec& spec = benchmark_or_throw("task", task, all_benchmarks());
  if (spec.has_responses()) {
    refuse_responses_beside_own(task, responses);
    return limited(open_benchmark(spec, write.data), write.limit);
  }
  need_responses(task, responses,
                 holds == ResponsesFile::questions ? ", whose lines have the questions as \"input\"" : "");
  return limited(open_best_of_n(spec, responses, write.data, true, holds), write.limit);
}

}  // namespace

void caption(const CaptionOptions& options) {
  const CallListener listening(options.write.listener);
  const std::string& file = options.prompt_template;
  PromptTemplate prompt = file.empty() ? default_caption_prompt()
                                       : PromptTemplate::parse_or_throw(read_prompt_text_or_throw(file), {}, file);
  run_writing("caption", options.write,
              caption_job(benchmark_of(options.task, options.responses, options.write, ResponsesFile::questions),
                          std::move(prompt)),
              beside(options.write.output), kReferenceTokens);
}

void answers(const AnswersOptions& options) {
  const CallListener listening(options.write.listener);
  require_texts(options.texts);
  require_limit(options.write.limit);
  const SharedSpec spec =
      is_task_file(options.task)
          ? own_task_or_throw(options.task).answers
          : SharedSpec(SharedSpec(), &benchmark_or_throw("task", options.task, benchmarks_to_answer()));
  need_data(*spec, options.write, options.task);
  const std::shared_ptr<const WritingJob> job =
      answer_job({spec, options.write.data, options.texts, options.first_seed, options.write.limit});
  run_writing("answers", options.write, job, beside(options.write.output), spec->answers->max_new_tokens);
}

void judge(const JudgeOptions& options) {
  const CallListener listening(options.write.listener);
  const auto judging = kJudgings.find(options.judging);
  if (judging == kJudgings.end())
    throw OptionError("judging", printable(options.judging) + " is none of score, likelihood, pairwise");
  JudgeJobOptions how;
  how.judging = judging->second;
  if (!options.prompt_template.empty()) how.prompt = options.prompt_template;
  if (!options.system_prompt.empty()) how.system_prompt = options.system_prompt;
  how.shows_images = sees(options.write.model);
  how.response_prefix = options.write.model.response_prefix;
  const fs::path folder = options.write.output;
  const std::string label = options.label.empty() ? "judge (" + options.judging + ")" : options.label;
  run_writing("judge", options.write,
              judge_job(benchmark_of(options.task, options.responses, options.write, ResponsesFile::responses), how),
              {folder / "results.jsonl", folder / "run.json"}, kReferenceTokens, {{"label", label}});
}

}  // namespace vlrm
