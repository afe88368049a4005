// Best-of-N: responses of a file, scored with the images that a dataset has under the same id.
#include <algorithm>
#include <map>

#include "base/error.h"
#include "base/line_reader.h"
#include "base/python_json.h"
#include "eval/benchmark.h"
#include "eval/images_by_id.h"
#include "eval/row_fields.h"
#include "prompt/stamps.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

struct ImageSource {
  DatasetName data;
  std::string id;    // column
  bool drops_alpha;  // the reference converts these images to RGB itself
};

const std::map<std::string, ImageSource>& known_tasks() {
  static const std::map<std::string, ImageSource> tasks{
      {"textvqa_val", {{"lmms-lab/textvqa", "", "validation"}, "question_id", true}},
      {"mmmu_pro_standard_cot", {{"MMMU/MMMU_Pro", "standard (10 options)", "test"}, "id", false}},
      {"mmmu_pro_vision_cot", {{"MMMU/MMMU_Pro", "vision", "test"}, "id", false}},
  };
  return tasks;
}

BenchmarkRow parse_line(const std::string& line, const std::string& source) {
  Row row;
  row.values = parse_python_json_or_throw(line, source);
  row.source = source;
  if (!row.values.is_object()) fail("{}: not a JSON object", source);
  const RowFields fields(row);
  BenchmarkRow result;
  result.id = fields.any("id");
  result.query = fields.text("input");
  result.responses = fields.texts("responses");
  const OrderedJson& correctness = fields.any("correctness");
  const auto is_share = [](const OrderedJson& value) { return value.is_number() || value.is_boolean(); };
  if (!correctness.is_array() || correctness.size() != result.responses.size() ||
      !std::ranges::all_of(correctness, is_share))
    fail("{}: \"correctness\" is not a list of {} numbers, one a response", source, result.responses.size());
  result.source = source;
  result.fields = std::move(row.values);
  return result;
}

class BestOfNStream : public BenchmarkStream {
 public:
  // `rows`: none where no line is to have images.
  BestOfNStream(const fs::path& responses, int64_t first, std::shared_ptr<const RowsById> rows, Images images)
      : lines_(responses.string()), rows_(std::move(rows)) {
    if (rows_ && images == Images::with) images_.emplace(rows_->data());
    std::string line;
    while (first-- > 0 && lines_.next_not_blank(line)) continue;
  }
  std::optional<BenchmarkRow> next() override {
    std::string line;
    if (!lines_.next_not_blank(line)) return std::nullopt;
    BenchmarkRow row = parse_line(line, lines_.source());
    const int64_t at = rows_ ? rows_->find_or_throw(row.id, row.source) : 0;
    if (images_) row.images = images_->images_of(at);
    return row;
  }

 private:
  LineReader lines_;
  std::shared_ptr<const RowsById> rows_;
  std::optional<ImageReader> images_;
};

class BestOfN : public Benchmark {
 public:
  BestOfN(std::string task, fs::path responses, const ImageSource& source, DatasetName name, bool with_images)
      : task_(std::move(task)), responses_(std::move(responses)), source_(source), name_(std::move(name)) {
    if (with_images) rows_by_id_ = std::make_shared<const RowsById>(open_dataset(name_), source_.id);
    LineReader lines(responses_.string());
    for (std::string line; lines.next_not_blank(line);) ++rows_;
    if (rows_ == 0) fail("{}: has no rows; there is nothing to evaluate", responses_.string());
  }
  Task task() const override { return Task::best_of_n; }
  int64_t rows() const override { return rows_; }
  std::unique_ptr<BenchmarkStream> stream(int64_t first, Images images) const override {
    return std::make_unique<BestOfNStream>(responses_, first, rows_by_id_, images);
  }
  OrderedJson result(const BenchmarkRow& row, const std::vector<std::string>&,
                     const std::vector<double>& scores) const override {
    OrderedJson line = row.fields;
    line["scores"] = scores;
    return line;
  }
  OrderedJson description() const override {
    return {{"task", task_name(Task::best_of_n)},
            {"subtask", task_},
            {"data", rows_by_id_ ? describe(name_, *rows_by_id_->data()) : OrderedJson(nullptr)},
            {"responses", {{"file", whole_path(responses_)}, {"digest", file_digest(responses_)}}}};
  }
  bool drops_alpha() const override { return source_.drops_alpha; }

 private:
  const std::string task_;
  const fs::path responses_;
  const ImageSource source_;
  const DatasetName name_;
  std::shared_ptr<const RowsById> rows_by_id_;
  int64_t rows_ = 0;
};

}  // namespace

std::unique_ptr<Benchmark> open_best_of_n(const std::string& task, const fs::path& responses, DatasetName data,
                                          bool with_images) {
  const auto known = known_tasks().find(task);
  if (known == known_tasks().end()) {
    std::string names;
    for (const auto& [name, source] : known_tasks()) names += (names.empty() ? "" : ", ") + name;
    fail("--task: {} is none of {}", printable(task), names);
  }
  return std::make_unique<BestOfN>(task, responses, known->second, or_else(std::move(data), known->second.data),
                                   with_images);
}

}  // namespace vlrm
