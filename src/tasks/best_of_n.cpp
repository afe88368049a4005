// Best-of-N: responses of a file, scored with the images that a dataset has under the same id.
#include "base/content_digest.h"
#include "base/error.h"
#include "base/line_reader.h"
#include "python/json.h"
#include "tasks/benchmark.h"
#include "tasks/images_by_id.h"
#include "tasks/row_fields.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

BenchmarkRow parse_line(const std::string& line, const std::string& source, ResponsesFile holds) {
  Row row;
  row.values = parse_python_json_or_throw(line, source);
  row.source = source;
  if (!row.values.is_object()) fail("{}: not a JSON object", source);
  const RowFields fields(row);
  BenchmarkRow result;
  result.id = fields.id("id");
  result.query = fields.text("input");
  result.source = source;
  if (holds == ResponsesFile::questions) return result;
  result.responses = fields.texts("responses");
  fields.shares("correctness", result.responses.size());
  result.fields = std::move(row.values);
  return result;
}

class BestOfNStream : public BenchmarkStream {
 public:
  // `rows`: none where no line is to have images.
  BestOfNStream(const fs::path& file, ResponsesFile holds, int64_t first, std::shared_ptr<const RowsById> rows,
                Images images, WantedColumns columns)
      : lines_(file.string()), holds_(holds), rows_(std::move(rows)) {
    if (rows_ && images == Images::with) images_.emplace(rows_->data(), std::move(columns));
    std::string line;
    while (first-- > 0 && lines_.next_not_blank(line)) continue;
  }
  std::optional<BenchmarkRow> next() override {
    std::string line;
    if (!lines_.next_not_blank(line)) return std::nullopt;
    BenchmarkRow row = parse_line(line, lines_.source(), holds_);
    const int64_t at = rows_ ? rows_->find_or_throw(row.id, row.source) : 0;
    if (images_) row.images = images_->images_of(at);
    return row;
  }

 private:
  LineReader lines_;
  const ResponsesFile holds_;
  std::shared_ptr<const RowsById> rows_;
  std::optional<ImageReader> images_;
};

class BestOfN : public Benchmark {
 public:
  BestOfN(SharedSpec shared, fs::path responses, ResponsesFile holds, DatasetName name, bool with_images)
      : Benchmark(std::move(shared)),
        responses_(std::move(responses)),
        holds_(holds),
        name_(or_else(std::move(name), spec().data)) {
    if (with_images) rows_by_id_ = std::make_shared<const RowsById>(open_dataset(name_), spec().answers->id);
    LineReader lines(responses_.string());
    for (std::string line; lines.next_not_blank(line);) ++rows_;
    if (rows_ == 0) fail("{}: has no rows; there is nothing to evaluate", responses_.string());
  }
  int64_t rows() const override { return rows_; }
  std::unique_ptr<BenchmarkStream> stream(int64_t first, Images images) const override {
    return std::make_unique<BestOfNStream>(responses_, holds_, first, rows_by_id_, images,
                                           WantedColumns({}, spec().columns.images));
  }
  OrderedJson description() const override {
    OrderedJson data = nullptr;
    if (rows_by_id_) data = describe(name_, *rows_by_id_->data(), spec().columns.images);
    OrderedJson all{{"task", spec().kind.task},
                    {"subtask", spec().kind.subtask},
                    {"data", std::move(data)},
                    {"responses", {{"file", whole_path(responses_)}, {"digest", file_digest(responses_)}}}};
    if (!spec().settings.is_null()) all["columns"] = spec().settings;
    return all;
  }

 private:
  const fs::path responses_;
  const ResponsesFile holds_;
  const DatasetName name_;
  std::shared_ptr<const RowsById> rows_by_id_;
  int64_t rows_ = 0;
};

}  // namespace

std::unique_ptr<Benchmark> open_best_of_n(SharedSpec spec, const fs::path& responses, DatasetName data,
                                          bool with_images, ResponsesFile holds) {
  VLRM_ASSERT(spec->answers != nullptr);
  return std::make_unique<BestOfN>(std::move(spec), responses, holds, std::move(data), with_images);
}

std::unique_ptr<Benchmark> open_best_of_n(const BenchmarkSpec& spec, const fs::path& responses, DatasetName data,
                                          bool with_images, ResponsesFile holds) {
  return open_best_of_n(SharedSpec(SharedSpec(), &spec), responses, std::move(data), with_images, holds);
}

}  // namespace vlrm
