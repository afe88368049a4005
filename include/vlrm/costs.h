// What a run would take, estimated before it is started. docs/costs.md says how.
//
// These functions judge options and inputs as the run itself would and throw what it would throw, but for the outputs
// of earlier runs that it would go on with; they write nothing and load no model. Rates are measured meanwhile, for
// some tenths of a second each, on this machine and these files.
#pragma once

#include <vlrm/evaluate.h>
#include <vlrm/merge.h>
#include <vlrm/score.h>

#include <cstdint>
#include <optional>
#include <string>

namespace vlrm {

struct Costs {
  // For weights and operations, without writing to the disk. Of scoring a lower bound, as what a text costs beside its
  // operations is left out: most of the time of a small model.
  double seconds = 0;
  // Weights that are read and, in a merge, merged.
  int64_t bytes_read = 0;     // about
  int64_t bytes_written = 0;  // of a build
  double weight_seconds = 0;
  double weight_rate = 0;  // bytes a second of what the weights become
  int64_t memory = 0;      // bytes at the peak, about
  std::optional<int64_t> free_memory, free_on_disk;

  // Of scoring.
  std::string device;                        // that holds the memory and does the operations
  bool streamed = false;                     // the weights do not fit in memory, or are not to be there together
  int64_t merges = 0;                        // on load: 1, and of a sweep its recipes
  int64_t samples = 0, samples_read = 0;     // read: those that the next three were estimated from
  double texts = 0, tokens = 0, images = 0;  // different ones, computed once
  double operations = 0, operations_per_second = 0;  // of floating-point numbers
};

Costs build_costs(const BuildOptions& options);
Costs score_costs(const ScoreOptions& options);
Costs score_file_costs(const ScoreFileOptions& options);
Costs evaluate_costs(const EvaluateOptions& options);
Costs sweep_costs(const SweepOptions& options);

}  // namespace vlrm
