// The figures of evaluations.
#pragma once

#include <vlrm/error.h>
#include <vlrm/listener.h>

#include <cstdint>
#include <string>
#include <vector>

namespace vlrm {

struct ResultsOptions {
  std::vector<std::string> results;    // result folders, folders of them, or files of rows
  std::vector<std::string> ensembles;  // mean, min: also the results of all runs' scores together
  std::vector<std::string> compare;    // none, or two runs over the same samples
  std::string grouping;                // of VL-RewardBench: authors, authors-2024 or r1-reward; "": as it was evaluated
  bool matrix = false;                 // also compare every run with every other of its benchmark
  std::string sort;                    // a column, the highest first, or "label"; empty: as they are named
  int64_t top = 0;                     // of each benchmark, only the best of them; 0: all
  std::string by;                      // also accuracy by this field of the rows, or column of the dataset
  std::string data;                    // where the dataset is now, for `by`; empty: where it was
  // The best recipe by the runs of `choose_on`, which are of one benchmark, and its figures among those of `report_on`.
  std::vector<std::string> choose_on, report_on;
  bool published = false;  // also figures that others published: of the benchmarks of `results`, or all
  Listener* listener = nullptr;
};

// What `vlrm results --format json` prints: a JSON object with "runs" and, where they are asked for, "comparison",
// "matrix", "by", "choices" and "published". Full precision. Throws Error for what is not a result, and naming files
// and fields that are wrong.
std::string results(const ResultsOptions& options);

}  // namespace vlrm
