// Benchmarks: result rows in the reference's own fields.
#pragma once

#include <vlrm/dataset.h>
#include <vlrm/error.h>
#include <vlrm/listener.h>
#include <vlrm/model.h>

#include <string>
#include <vector>

namespace vlrm {

struct EvaluateOptions {
  ModelOptions model;
  std::string benchmark;        // vl-rewardbench, rlaif-v, …; pairs or best-of-n of a dataset of your own
  DatasetName data;             // "": the benchmark's own, a hub id
  std::string task, responses;  // of best-of-n: a known task, and the file of responses to it
  // Of pairs and best-of-n of your own: what columns hold ("prompt=question", "image=photo", "group=kind"; also chosen,
  // rejected, responses, ranking, correctness, id), and what tables call the data ("": as the file is called).
  std::vector<std::string> columns;
  std::string name;
  std::string mode = "image";    // image, no-image, text-only, cascade or random (no model, scores are drawn)
  std::string captions;          // of cascade: a JSON object, caption by id
  std::string output;            // the result folder
  std::string label;             // the row's name in tables; "": the model's
  int64_t batch_samples = 8;     // computed together; above 0
  std::optional<int64_t> limit;  // use only this many rows, from the first; above 0; none: all
  bool force = false;            // start again where results exist
  bool resume_mixed = false;     // resume with settings that may change the last digits
  Listener* listener = nullptr;
};

// Evaluates one model. A killed run resumes.
void evaluate(const EvaluateOptions& options);

struct SweepOptions {
  EvaluateOptions evaluate;             // its model names vlm, rm and base; its output is the folder of the results
  std::vector<std::string> recipes;     // files or patterns ("dir/*.yml")
  bool paper = false;                   // the 58 recipes of arXiv 2502.13487 in place of files
  std::optional<int64_t> memory_limit;  // bytes, for encoded images that are kept for the next recipe
};

// Many merges of the same models, which are opened once.
void sweep(const SweepOptions& options);

}  // namespace vlrm
