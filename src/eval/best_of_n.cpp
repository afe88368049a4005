// Best-of-N: responses of a file, scored with the images that a dataset has under the same id.
#include <map>

#include "base/error.h"
#include "base/line_reader.h"
#include "base/python_json.h"
#include "eval/benchmark.h"
#include "results/result_file.h"
#include "reward/stamps.h"
#include "eval/row_fields.h"

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

// Finds rows by id. Responses mostly come in the dataset's order, so it reads on from where it stands and remembers
// what it passed; an id that it passed is fetched again.
class ImagesById {
 public:
  ImagesById(std::shared_ptr<const Dataset> data, std::string id_column)
      : data_(std::move(data)), id_column_(std::move(id_column)) {}

  // Throws Error naming `source` where no row has this id.
  std::vector<EncodedImage> find_or_throw(const OrderedJson& id, const std::string& source) {
    if (last_ && last_id_ == id) return images_of(*last_);
    if (const auto passed = passed_.find(id.dump()); passed != passed_.end())
      return images_of(*data_->stream(passed->second)->next());
    if (!rows_) rows_ = data_->stream(0);
    while (auto row = rows_->next()) {
      last_id_ = RowFields(*row).any(id_column_);
      passed_.emplace(last_id_.dump(), at_++);
      last_ = std::move(row);
      if (last_id_ == id) return images_of(*last_);
    }
    fail("{}: {} has no row with the {} {}", source, data_->description(), id_column_, printable(id.dump()));
  }

 private:
  static std::vector<EncodedImage> images_of(Row row) { return RowFields(row).take_images(); }

  const std::shared_ptr<const Dataset> data_;
  const std::string id_column_;
  std::unique_ptr<RowStream> rows_;
  std::map<std::string, int64_t> passed_;  // id → row
  int64_t at_ = 0;                         // rows read
  std::optional<Row> last_;                // the one before at_
  OrderedJson last_id_;
};

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
  if (!correctness.is_array() || correctness.size() != result.responses.size())
    fail("{}: \"correctness\" is not a list of {} values, one a response", source, result.responses.size());
  result.source = source;
  result.fields = std::move(row.values);
  return result;
}

class BestOfNStream : public BenchmarkStream {
 public:
  BestOfNStream(const fs::path& responses, int64_t first, std::optional<ImagesById> images)
      : lines_(responses.string()), images_(std::move(images)) {
    std::string line;
    while (first-- > 0 && lines_.next_not_blank(line)) continue;
  }
  std::optional<BenchmarkRow> next() override {
    std::string line;
    if (!lines_.next_not_blank(line)) return std::nullopt;
    BenchmarkRow row = parse_line(line, lines_.source());
    if (images_) row.images = images_->find_or_throw(row.id, row.source);
    return row;
  }

 private:
  LineReader lines_;
  std::optional<ImagesById> images_;
};

class BestOfN : public Benchmark {
 public:
  BestOfN(std::string task, fs::path responses, const ImageSource& source, DatasetName name, bool with_images)
      : task_(std::move(task)), responses_(std::move(responses)), source_(source), name_(std::move(name)) {
    if (with_images) data_ = open_dataset(name_);
    // Every line is looked at, so that a bad one is told before the first score.
    LineReader lines(responses_.string());
    for (std::string line; lines.next_not_blank(line); ++rows_) parse_line(line, lines.source());
  }
  int64_t rows() const override { return rows_; }
  std::unique_ptr<BenchmarkStream> stream(int64_t first) const override {
    std::optional<ImagesById> images;
    if (data_) images.emplace(data_, source_.id);
    return std::make_unique<BestOfNStream>(responses_, first, std::move(images));
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
            {"data", data_ ? describe(name_, *data_) : OrderedJson(nullptr)},
            {"responses", {{"file", responses_.string()}, {"digest", file_digest(responses_)}}}};
  }
  bool drops_alpha() const override { return source_.drops_alpha; }

 private:
  const std::string task_;
  const fs::path responses_;
  const ImageSource source_;
  const DatasetName name_;
  std::shared_ptr<const Dataset> data_;
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
