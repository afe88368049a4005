// A user's own dataset as a benchmark: pairs, or responses that are more or less correct, whatever its columns are
// called.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tasks/benchmark_spec.h"

namespace vlrm {

// The columns of a dataset by what they hold:
//   both          prompt, id, group; image (several)
//   of pairs      chosen and rejected, or responses (two) and ranking (which of them is better: [0, 1] or [1, 0])
//   of best of N  responses and correctness (a number for each)
// What is not named is looked for under its own name; id and group are there only if they are named, but for a column
// "id". An id that is not there is the row's number, from 0.
using OwnColumns = std::map<std::string, std::vector<std::string>>;

// "prompt=question,image=front,image=back". Throws Error naming what is not known, and the same one twice.
OwnColumns own_columns_or_throw(const std::vector<std::string>& assignments);

// Pairs. A prompt is a text or a list of messages, "chosen" and "rejected" are texts or lists of messages that end with
// the assistant's; where there is no prompt, it is what both begin with: TRL's layouts. The rejected response comes
// first, so that equal scores count as wrong. `name` is what tables call it.
std::shared_ptr<const BenchmarkSpec> own_pairs(const OwnColumns& columns, const std::string& name);

// Best of N.
std::shared_ptr<const BenchmarkSpec> own_best_of_n(const OwnColumns& columns, const std::string& name);

// Best of N whose responses stand in a file, as `vlrm answers` writes it; the dataset has their images by the column
// `id`, or, where it is not named and not there, by the row's number.
std::shared_ptr<const BenchmarkSpec> own_responses(const OwnColumns& columns, const std::string& name);

// That of results: of responses in a file if `responses_in_file`. `task` and `columns` as run.json has them.
std::shared_ptr<const BenchmarkSpec> own_data_of(const BenchmarkKind& kind, const OrderedJson& columns,
                                                 bool responses_in_file);

// What results of anybody's pairs are of.
extern const BenchmarkKind kOwnPairs;

}  // namespace vlrm
