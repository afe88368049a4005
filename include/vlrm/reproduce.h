// The paper's tables (arXiv 2502.13487), from checkpoints and datasets to a folder. A killed run resumes.
#pragma once

#include <vlrm/costs.h>
#include <vlrm/error.h>
#include <vlrm/listener.h>
#include <vlrm/model.h>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace vlrm {

struct ReproduceOptions {
  std::string output;  // the folder
  // Directories or hub ids; of reward models, a table each.
  std::string vlm = "meta-llama/Llama-3.2-11B-Vision-Instruct";
  std::vector<std::string> rm = {"allenai/llama-3.1-tulu-2-8b-uf-mean-rm", "allenai/Llama-3.1-Tulu-3-8B-RM"};
  std::string base = "meta-llama/Llama-3.1-8B";
  ModelOptions model;             // how all of them run: device, dtype, date, …; names none
  std::vector<std::string> only;  // vl-rewardbench, textvqa, mmmu-pro; empty: all three
  // By the name of a benchmark: a dataset in place of its own, a file of responses, a file of captions.
  std::map<std::string, std::string> data, responses, captions;
  std::string judge_prompt, judge_system_prompt, caption_prompt;  // files; "": the program's own wording
  bool write_responses = false;                                   // the VLM writes the responses that no file has
  std::vector<std::string> recipes;       // files or patterns to choose from; empty: the paper's 58
  std::optional<int64_t> max_new_tokens;  // of captions, responses and judgements; none: the reference's
  int64_t batch_samples = 8;              // computed together; above 0
  std::optional<int64_t> limit;           // use only this many rows of each benchmark; above 0; none: all
  bool resume_mixed = false;              // resume with settings that may change the last digits
  Listener* listener = nullptr;
};

struct ReproduceStep {
  enum class State { done, left, missing, waiting };
  std::string name;  // also where its output lies in the folder: "test/judge/vl-rewardbench"
  std::string what;  // for people
  State state = State::left;
  std::vector<std::string> why;  // of missing: what is not there and how to get it; of waiting: for which step
  std::optional<Costs> costs;    // of what is left, where they can be known
};

// "done", "left", "missing", "waiting".
std::string state_name(ReproduceStep::State state);

// All steps in their order. Nothing is written. What is not in the hub's cache is downloaded, unless that is refused
// for the process. Throws OptionError for options that make no plan.
std::vector<ReproduceStep> reproduce_plan(const ReproduceOptions& options);

struct Reproduced {
  std::vector<ReproduceStep> steps;
  std::string summary;   // tables for a terminal
  bool complete = true;  // no step is missing or waiting
  int exit_code = 0;     // for the program: 0, 2, or 75 where another try may do
};

// Runs the steps that can run, after `planned` got the plan. Steps whose models or data are missing are passed over,
// and the tables say which. Throws what the steps throw.
Reproduced reproduce(const ReproduceOptions& options,
                     const std::function<void(const std::vector<ReproduceStep>&)>& planned = nullptr);

}  // namespace vlrm
