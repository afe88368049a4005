// Columns of a dataset that sort its rows into a few kinds, such as a source or a difficulty.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/json.h"
#include "results/result_folder.h"
#include "tasks/benchmark_table.h"

namespace vlrm {

struct SampleColumn {
  std::string name;
  std::vector<std::string> values;          // distinct, in the order in which they come
  std::vector<std::optional<size_t>> rows;  // the value of each sample; nothing where the cell is null
};

// Gathers columns row by row and drops those that turn out to be no such ones: other than text of at most 40
// characters, numbers and booleans; and those with more than 20 values, or fewer than two.
class ColumnGatherer {
 public:
  // `known`: names of columns that are shown as questions and responses, and are left out.
  explicit ColumnGatherer(size_t samples, const std::vector<std::string>& known = {})
      : samples_(samples), known_(known.begin(), known.end()) {}
  void add(size_t sample, const OrderedJson& values);  // an object
  std::vector<SampleColumn> columns() const;

 private:
  struct Gathered {
    SampleColumn column;
    std::map<std::string, size_t> numbers;  // of values
    bool dropped = false;
  };
  const size_t samples_;
  const std::set<std::string> known_;
  std::vector<Gathered> gathered_;
  std::map<std::string, size_t> places_;  // by name
};

// Of the first `count` samples of a run, from the dataset `data` or, where that is empty, the one that run.json names.
// Throws Error where it cannot be read.
std::vector<SampleColumn> read_columns(const RunResults& run, const std::string& data, int64_t count,
                                       const Benchmarks& benchmarks);

// [{"name", "values": […], "rows": [place in values or null, …]}, …]
OrderedJson columns_json(const std::vector<SampleColumn>& columns);

}  // namespace vlrm
