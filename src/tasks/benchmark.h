// The benchmarks, opened: from rows of a dataset to questions with responses, and from scores to lines of
// results.jsonl.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "data/dataset.h"
#include "tasks/benchmark_spec.h"

namespace vlrm {

class BenchmarkStream {
 public:
  virtual ~BenchmarkStream() = default;
  // Nothing after the last. Throws Error for what is malformed, naming file, row and column.
  virtual std::optional<BenchmarkRow> next() = 0;
};

using SharedSpec = std::shared_ptr<const BenchmarkSpec>;

class Benchmark {
 public:
  explicit Benchmark(const BenchmarkSpec& spec) : spec_(SharedSpec(), &spec) {}  // which must live as long
  explicit Benchmark(SharedSpec spec) : spec_(std::move(spec)) {}
  Benchmark(const Benchmark&) = delete;
  Benchmark& operator=(const Benchmark&) = delete;
  virtual ~Benchmark() = default;
  const BenchmarkSpec& spec() const { return *spec_; }
  const SharedSpec& shared_spec() const { return spec_; }
  virtual int64_t rows() const = 0;
  // The rows from `first` on, in the order of the results. A stream may outlive its benchmark.
  virtual std::unique_ptr<BenchmarkStream> stream(int64_t first, Images images = Images::with) const = 0;
  // For run.json: "task", "subtask", "data", "responses", and if they apply "columns" and "left_out".
  virtual OrderedJson description() const = 0;
  // For the run.json of results: "groups", which says the group of each row; nothing where the benchmark has none. The
  // first call reads all rows, and throws what their stream throws.
  virtual OrderedJson groups() const { return OrderedJson::object(); }
  // What a user is told of its rows: how many are left out.
  virtual std::vector<std::string> notes() const { return {}; }

 private:
  const SharedSpec spec_;
};

// The first `limit` rows; all, where there are no more. Otherwise its description has the limit as "limit".
std::unique_ptr<const Benchmark> limited(std::unique_ptr<const Benchmark> benchmark, std::optional<int64_t> limit);

// The line of results.jsonl, in the reference's fields and their order.
OrderedJson result_line(const BenchmarkKind& kind, const BenchmarkRow& row, const std::vector<std::string>& prompts,
                        const std::vector<double>& scores);

// A dataset that holds responses. Fields of `data` that are empty are the spec's. Where the rows decide what belongs to
// the benchmark, or its groups, all are read. Throws Error if it cannot be opened or has no rows.
std::unique_ptr<Benchmark> open_benchmark(const BenchmarkSpec& spec, DatasetName data);
std::unique_ptr<Benchmark> open_benchmark(SharedSpec spec, DatasetName data);

// A responses file, a JSON object a line: id, input, responses, correctness and whatever else, whose images stand under
// the same id in a dataset. Without `with_images` no dataset is opened. Where only its `questions` are asked for, lines
// need only id and input. Throws as open_benchmark does.
enum class ResponsesFile { questions, responses };
std::unique_ptr<Benchmark> open_best_of_n(SharedSpec spec, const std::filesystem::path& responses, DatasetName data,
                                          bool with_images, ResponsesFile holds = ResponsesFile::responses);
std::unique_ptr<Benchmark> open_best_of_n(const BenchmarkSpec& spec, const std::filesystem::path& responses,
                                          DatasetName data, bool with_images,
                                          ResponsesFile holds = ResponsesFile::responses);

}  // namespace vlrm
