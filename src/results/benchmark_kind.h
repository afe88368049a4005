// What results need to know of a benchmark: how its rows look, which figures they give, and what tables call it. The
// benchmarks themselves stand in a table of the room tasks, which gives this part of each to who reads results.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vlrm {

// Two responses of which one is preferred, or any number of responses, each more or less correct.
enum class RowKind { pairs, best_of_n };

struct RowShape {
  RowKind kind = RowKind::pairs;
  bool has_id = true;
  bool operator==(const RowShape&) const = default;
};

// group: one figure per group. overall, accuracy: of all rows; accuracy multiplies before it divides, as RLAIF-V's
// script does. macro: the mean of the groups, and average the same where it is what a benchmark ranks by. all_right: of
// units of rows (MM-RLHF's ACC+), the share whose rows are all right. with_ties, tie_calibrated: rows labelled as ties
// count too (tie_labels.h). The others are of responses that are drawn, whatever the model chose.
enum class Figure {
  group,
  overall,
  accuracy,
  macro,
  average,
  all_right,
  with_ties,
  tie_calibrated,
  pass_1,
  pass_n,
  random,
  drawn
};
std::string_view figure_key(Figure figure);    // as JSON has it: "overall", "pass_1"
std::string_view figure_title(Figure figure);  // as a table's column has it: "Overall", "Pass@1"; of group ""
bool is_of_model(Figure figure);               // not of the data alone
bool is_of_all_rows(Figure figure);            // the one that runs are ranked by: overall, accuracy, average

struct Outcome;  // of one row; result_folder.h

// One way to group rows by their ids.
struct Grouping {
  std::string name, meaning;  // "r1-reward", and who groups so, for people
  size_t (*group_of_id)(std::string_view id) = nullptr;
};

struct BenchmarkKind {
  std::string task = {};     // in run.json: "vl-rewardbench"; "best-of-n" where the responses stand in a file
  std::string subtask = {};  // which one of these: "textvqa_val"; empty where it is not known, and for other benchmarks
  std::string title = {};    // "VL-RewardBench"
  std::string variant = {};  // what tells benchmarks of one title apart: "standard"
  RowShape shape = {};
  std::vector<Figure> figures = {};      // in the order of a table's columns
  std::vector<std::string> groups = {};  // their titles, in the order of the columns
  // For results whose run.json does not say the groups of its rows: the group of the row with this id.
  size_t (*group_of_id)(std::string_view id) = nullptr;
  // Rows of the dataset with a text in this field are not of the benchmark.
  std::string left_out_field = {};
  // Of best of N: the dataset's column that a file of responses names rows by.
  std::string id_column = {};
  // A file of rows of this shape that does not say what it is of may be taken for it.
  bool of_bare_files = true;
  std::vector<Grouping> groupings = {};  // that were published; the first is group_of_id
  // Rows with the same unit count as one, in all_right and where unit_value is given.
  std::string (*unit_of_id)(std::string_view id) = nullptr;
  // The figure of a unit of one group, from 0 to about 1, where it is not whether the right response was chosen;
  // nothing where rows of it are missing.
  std::optional<double> (*unit_value)(size_t group, const std::vector<const Outcome*>& rows) = nullptr;

  const std::string& name() const { return subtask.empty() ? task : subtask; }
  std::string full_title() const { return variant.empty() ? title : title + " " + variant; }
  bool is_pairs() const { return shape.kind == RowKind::pairs; }
};

// Whether rows of both can stand in one table: the same benchmark with the same groups.
bool same_benchmark(const BenchmarkKind& a, const BenchmarkKind& b);

// Names of benchmarks are the same with hyphens and with underscores.
bool same_name(std::string_view a, std::string_view b);
// Whether a user who names `name` means this benchmark, or all whose responses stand in a file ("best-of-n").
bool is_named(const BenchmarkKind& kind, std::string_view name);

// Those that results may be of. Of each shape, the first `of_bare_files` without a subtask is what a file of such rows
// is taken for when nothing says which benchmark it is of.
using BenchmarkKinds = std::vector<const BenchmarkKind*>;

}  // namespace vlrm
