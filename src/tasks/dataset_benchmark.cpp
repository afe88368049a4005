// Benchmarks whose dataset holds the responses.
#include "base/error.h"
#include "results/result_folder.h"
#include "tasks/benchmark.h"
#include "tasks/row_fields.h"

namespace vlrm {
namespace {

class DatasetStream : public BenchmarkStream {
 public:
  DatasetStream(const BenchmarkSpec& spec, std::unique_ptr<RowStream> rows)
      : row_of_(spec.row), groups_(spec.kind.groups.size()), rows_(std::move(rows)) {}
  std::optional<BenchmarkRow> next() override {
    auto row = rows_->next();
    if (!row) return std::nullopt;
    BenchmarkRow made = row_of_(*row);
    VLRM_ASSERT(groups_ == 0 || made.group < groups_);
    made.source = std::move(row->source);
    return made;
  }

 private:
  BenchmarkRow (*const row_of_)(Row&);
  const size_t groups_;
  const std::unique_ptr<RowStream> rows_;
};

class DatasetBenchmark : public Benchmark {
 public:
  DatasetBenchmark(const BenchmarkSpec& spec, DatasetName name)
      : Benchmark(spec), name_(or_else(std::move(name), spec.data)), data_(open_dataset(name_)) {
    if (data_->rows() == 0) fail("{}; there is nothing to evaluate", data_->description());
  }
  int64_t rows() const override { return data_->rows(); }
  std::unique_ptr<BenchmarkStream> stream(int64_t first, Images images) const override {
    return std::make_unique<DatasetStream>(spec(), data_->stream(first, images, spec().columns));
  }
  OrderedJson description() const override {
    return {
        {"task", spec().kind.task}, {"subtask", nullptr}, {"data", describe(name_, *data_)}, {"responses", nullptr}};
  }
  OrderedJson groups() const override {
    if (spec().kind.groups.empty()) return OrderedJson::object();
    if (groups_.empty()) {
      const auto all = stream(0, Images::without);
      while (const auto row = all->next()) groups_.push_back(row->group);
    }
    return {{"groups", groups_json(spec().kind, groups_)}};
  }

 private:
  const DatasetName name_;
  const std::unique_ptr<Dataset> data_;
  mutable std::vector<size_t> groups_;  // of each row, once they are asked for
};

}  // namespace

OrderedJson result_line(const BenchmarkKind& kind, const BenchmarkRow& row, const std::vector<std::string>& prompts,
                        const std::vector<double>& scores) {
  OrderedJson line = OrderedJson::object();
  switch (kind.shape.kind) {
    case RowKind::pairs:
      if (kind.shape.has_id) line["id"] = row.id;
      line["prompts"] = prompts;
      line["outputs"] = scores;
      line["predicted_answer"] = first_largest(scores);
      line.update(row.fields);
      break;
    case RowKind::best_of_n:
      line = row.fields;
      line["scores"] = scores;
      break;
  }
  return line;
}

std::unique_ptr<Benchmark> open_benchmark(const BenchmarkSpec& spec, DatasetName data) {
  VLRM_ASSERT(spec.has_responses());
  return std::make_unique<DatasetBenchmark>(spec, std::move(data));
}

}  // namespace vlrm
