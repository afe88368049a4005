// Result folders: results.jsonl with the run.json that says what it is, sweeps of them, and bare files.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "results/equal_scores.h"
#include "results/result_file.h"

namespace vlrm {

// How a run's model was merged on load.
struct MergedRecipe {
  std::string file, method;                              // "ties", …
  std::optional<double> weight_vlm, weight_rm, density;  // nothing where it is not one number, or not of the method
  std::string models = {};  // the stamps of the VLM, the RM and the base; empty where they are not known
};

// Which dataset a run read, as it was named then.
struct RunData {
  std::string name, config, split;
  std::string stamp = {};  // of what its files held; empty where it is not known
};

// What run.json says, or what can be told without one.
struct RunInfo {
  BenchmarkKind benchmark;      // with the groups that run.json names, where it does
  std::string label;            // a row's name in a table, fit for a line of a terminal
  std::string mode;             // "image", …; empty without run.json
  std::optional<int64_t> rows;  // a complete results.jsonl has so many; nothing without run.json
  bool limited = false;         // of the benchmark's rows only the first were asked for
  std::optional<RunData> data;
  std::string responses;               // the file of responses; empty where there is none or it is not known
  std::optional<MergedRecipe> recipe;  // of models merged on load, where run.json says the method
  OrderedJson columns = {};            // of a user's own dataset: what holds what, as run.json says; else null
  std::string left_out = {};           // "25 rows that show a video"; empty where all rows are scored
};

// What the metrics need of a row; the texts are not kept.
struct Outcome {
  std::string id;
  std::vector<double> correctness, scores;
  size_t chosen = 0;
  std::vector<int64_t> lengths;
  size_t group = 0;                  // an index into the benchmark's groups; 0 if it has none
  std::vector<uint64_t> texts = {};  // of best of N: a hash of each response
  bool tie = false;                  // of pairs: people prefer neither response
};

struct RunResults {
  std::filesystem::path path;  // the folder or the file
  RunInfo info;
  std::vector<Outcome> outcomes;
  EqualScores equal_scores = {};  // of all rows
  TextNotes notes = {};           // of all rows
  bool scored() const { return !outcomes.empty() && !outcomes.front().scores.empty(); }
  bool complete() const { return !info.rows || *info.rows == static_cast<int64_t>(outcomes.size()); }
};

// Whether a row of the benchmark's dataset is left out of it.
bool is_left_out(const BenchmarkKind& kind, const OrderedJson& values);

// Whether the rows' ids only count them, so that nothing but the stamp of the data says what the rows hold.
bool known_by_stamp(const RunResults& run);

// The run's rows with a preference, where some are labelled as ties.
RunResults without_ties(RunResults run);

// Groups the rows by their ids in another published way. Throws Error naming those that the benchmark has.
void regroup(RunResults& run, const std::string& grouping);

// The file of rows of a result folder, or the file itself.
std::filesystem::path rows_file(const std::filesystem::path& path);

// `kinds`: the benchmarks that there are. Throws Error naming the file and the field, and for another benchmark.
RunInfo parse_run_info(const OrderedJson& run_json, const std::string& source, const BenchmarkKinds& kinds);

// The groups of a benchmark's rows as run.json keeps them: {"names": […], "rows": [group of each row, …]}.
OrderedJson groups_json(const BenchmarkKind& kind, const std::vector<size_t>& of_rows);

// A result folder or a file of rows. In a folder with run.json the last line may be cut off (the run goes on, or was
// killed). Throws Error for anything else that is wrong, and for more rows than run.json says.
RunResults read_run(const std::filesystem::path& path, const BenchmarkKinds& kinds);

// The runs that are meant: a file or result folder is itself; another folder stands for the result folders in it, four
// levels deep (sweeps have a folder a run), in the order of their names (numbers in them by size), or, where there are
// none, for its .jsonl files. Throws Error where there is nothing.
std::vector<std::filesystem::path> expand_results(const std::filesystem::path& path);

// Of several paths, in their order; a run that more than one of them means comes once.
std::vector<std::filesystem::path> expand_results(const std::vector<std::string>& paths);

}  // namespace vlrm
