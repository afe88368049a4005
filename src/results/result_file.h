// The rows of results.jsonl: ours and those that the reference's scripts write.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/line_reader.h"
#include "prompt/text_notes.h"
#include "results/benchmark_kind.h"

namespace vlrm {

// One sample with what was made of it. A pair is a best-of-2: its correctness is 1 for the preferred response.
struct ResultRow {
  OrderedJson values;               // the line as it stands
  std::string id;                   // as text; empty where the benchmark has none
  std::vector<double> correctness;  // a response, 0 to 1
  std::vector<double> scores;       // a response; empty in a best-of-n file that was not scored
  size_t chosen = 0;                // the response that the model preferred; 0 where there are no scores
  std::vector<int64_t> lengths;     // characters a response; of pairs, its rendered prompt's
  TextNotes notes;                  // the counts of "texts"
  bool tie = false;                 // a pair of which neither response is preferred: "ground_truth" is empty
};

// What a line's fields make it. Throws Error where they fit no shape.
RowShape shape_of_row(const OrderedJson& values, const std::string& source);

// Throws Error naming `source` and the field that is missing or does not fit.
ResultRow parse_result_row(OrderedJson values, RowShape shape, const std::string& source);

// The index that numpy.argmax gives: the first of the largest, or the first NaN.
size_t first_largest(const std::vector<double>& scores);

// Reads the rows one by one.
class ResultReader {
 public:
  // `shape`: that of all lines; nothing: that of the first line. With `may_be_cut`, a last line that was cut off in
  // writing ends the file; otherwise it is an error. Throws Error if the file cannot be read.
  ResultReader(const std::filesystem::path& path, std::optional<RowShape> shape, bool may_be_cut);
  // Nothing at the end. Throws Error naming file and line.
  std::optional<ResultRow> next();
  std::optional<RowShape> shape() const { return shape_; }  // nothing before the first row, if it was not given

 private:
  LineReader lines_;
  std::optional<RowShape> shape_;
  bool may_be_cut_;
  std::optional<bool> scored_;
};

}  // namespace vlrm
