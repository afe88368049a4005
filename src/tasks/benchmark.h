// The benchmarks: from rows of a dataset to questions with responses, and from scores to lines of results.jsonl.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "data/dataset.h"
#include "results/result_file.h"
#include "vision/image.h"

namespace vlrm {

// One question of a benchmark.
struct BenchmarkRow {
  OrderedJson id;  // null where the benchmark has none
  std::string query;
  std::vector<EncodedImage> images;
  std::vector<std::string> responses;
  OrderedJson fields;  // what the result line takes over: the ground truth, or the whole line of a responses file
  std::string source;  // what errors call it
};

class BenchmarkStream {
 public:
  virtual ~BenchmarkStream() = default;
  // Nothing after the last. Throws Error for what is malformed, naming file, row and column.
  virtual std::optional<BenchmarkRow> next() = 0;
};

class Benchmark {
 public:
  virtual ~Benchmark() = default;
  virtual Task task() const = 0;
  virtual int64_t rows() const = 0;
  // The rows from `first` on, in the order of the results. A stream may outlive its benchmark.
  virtual std::unique_ptr<BenchmarkStream> stream(int64_t first, Images images = Images::with) const = 0;
  // The line of results.jsonl, in the reference's fields and their order.
  virtual OrderedJson result(const BenchmarkRow& row, const std::vector<std::string>& prompts,
                             const std::vector<double>& scores) const = 0;
  // For run.json: "task", "subtask", "data", "responses".
  virtual OrderedJson description() const = 0;
  // Pillow's convert("RGB") drops transparency before the processor sees the image, as the reference does for TextVQA.
  virtual bool drops_alpha() const { return false; }
};

// MMInstruction/VL-RewardBench: id, query, image, response[2], human_ranking. These functions throw Error if the data
// cannot be opened or has no rows.
std::unique_ptr<Benchmark> open_vl_rewardbench(DatasetName data);

// lca0503/rlaif_v_train_400: question, image, chosen, rejected.
std::unique_ptr<Benchmark> open_rlaif_v(DatasetName data);

// A responses file, a JSON object a line: id, input, responses, correctness and whatever else, whose images stand under
// the same id in a dataset. `task`: see known_data.h. Without `with_images` no dataset is opened. `data` may leave its
// fields empty. Where only its `questions` are asked for, lines need only id and input.
enum class ResponsesFile { questions, responses };
std::unique_ptr<Benchmark> open_best_of_n(const std::string& task, const std::filesystem::path& responses,
                                          DatasetName data, bool with_images,
                                          ResponsesFile holds = ResponsesFile::responses);

}  // namespace vlrm
