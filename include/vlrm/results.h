// The figures of evaluations.
#pragma once

#include <vlrm/error.h>
#include <vlrm/listener.h>

#include <string>
#include <vector>

namespace vlrm {

struct ResultsOptions {
  std::vector<std::string> results;    // result folders, folders of them, or files of rows
  std::vector<std::string> ensembles;  // mean, min: also the results of all runs' scores together
  std::vector<std::string> compare;    // none, or two runs over the same samples
  std::string grouping;                // of VL-RewardBench: authors, authors-2024 or r1-reward; "": as it was evaluated
  Listener* listener = nullptr;
};

// What `vlrm results --format json` prints: a JSON object with "runs" and, if two are compared, "comparison". Full
// precision. Throws Error for what is not a result, and naming files and fields that are wrong.
std::string results(const ResultsOptions& options);

}  // namespace vlrm
