// The benchmarks of pairs: which of two responses is better.
#include "base/error.h"
#include "tasks/benchmark.h"
#include "tasks/row_fields.h"

namespace vlrm {
namespace {

class VlRewardBenchStream : public BenchmarkStream {
 public:
  explicit VlRewardBenchStream(std::unique_ptr<RowStream> rows) : rows_(std::move(rows)) {}
  std::optional<BenchmarkRow> next() override {
    auto row = rows_->next();
    if (!row) return std::nullopt;
    BenchmarkRow result;
    const RowFields fields(*row);
    result.id = fields.any("id");
    result.query = fields.text("query");
    result.responses = fields.texts("response");
    if (result.responses.size() != 2)
      fail("{}: \"response\" holds {} texts, not 2", row->source, result.responses.size());
    result.fields = {{"ground_truth", fields.ranking("human_ranking", 2)}};
    result.images = fields.take_images();
    result.source = std::move(row->source);
    return result;
  }

 private:
  std::unique_ptr<RowStream> rows_;
};

class RlaifVStream : public BenchmarkStream {
 public:
  explicit RlaifVStream(std::unique_ptr<RowStream> rows) : rows_(std::move(rows)) {}
  std::optional<BenchmarkRow> next() override {
    auto row = rows_->next();
    if (!row) return std::nullopt;
    BenchmarkRow result;
    const RowFields fields(*row);
    result.query = fields.text("question");
    result.responses = {fields.text("chosen"), fields.text("rejected")};
    result.fields = {{"ground_truth", {0, 1}}};
    result.images = fields.take_images();
    result.source = std::move(row->source);
    return result;
  }

 private:
  std::unique_ptr<RowStream> rows_;
};

template <class Stream>
class Pairs : public Benchmark {
 public:
  Pairs(Task task, DatasetName name) : task_(task), name_(std::move(name)), data_(open_dataset(name_)) {
    if (data_->rows() == 0) fail("{}; there is nothing to evaluate", data_->description());
  }
  Task task() const override { return task_; }
  int64_t rows() const override { return data_->rows(); }
  std::unique_ptr<BenchmarkStream> stream(int64_t first, Images images) const override {
    return std::make_unique<Stream>(data_->stream(first, images));
  }
  OrderedJson result(const BenchmarkRow& row, const std::vector<std::string>& prompts,
                     const std::vector<double>& scores) const override {
    OrderedJson line = OrderedJson::object();
    if (task_ == Task::vl_rewardbench) line["id"] = row.id;
    line["prompts"] = prompts;
    line["outputs"] = scores;
    line["predicted_answer"] = first_largest(scores);
    line.update(row.fields);
    return line;
  }
  OrderedJson description() const override {
    return {
        {"task", task_name(task_)}, {"subtask", nullptr}, {"data", describe(name_, *data_)}, {"responses", nullptr}};
  }

 private:
  const Task task_;
  const DatasetName name_;
  const std::unique_ptr<Dataset> data_;
};

}  // namespace

std::unique_ptr<Benchmark> open_vl_rewardbench(DatasetName data) {
  return std::make_unique<Pairs<VlRewardBenchStream>>(
      Task::vl_rewardbench, or_else(std::move(data), {"MMInstruction/VL-RewardBench", "", "test"}));
}

std::unique_ptr<Benchmark> open_rlaif_v(DatasetName data) {
  return std::make_unique<Pairs<RlaifVStream>>(Task::rlaif_v,
                                               or_else(std::move(data), {"lca0503/rlaif_v_train_400", "", "test"}));
}

}  // namespace vlrm
