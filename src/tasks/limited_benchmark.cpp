// The first rows of a benchmark.
#include "tasks/benchmark.h"

#include <utility>

#include "results/result_folder.h"

namespace vlrm {
namespace {

class FirstRows : public BenchmarkStream {
 public:
  FirstRows(std::unique_ptr<BenchmarkStream> rows, int64_t count) : rows_(std::move(rows)), left_(count) {}
  std::optional<BenchmarkRow> next() override {
    if (left_ <= 0) return std::nullopt;
    --left_;
    return rows_->next();
  }

 private:
  const std::unique_ptr<BenchmarkStream> rows_;
  int64_t left_;
};

class LimitedBenchmark : public Benchmark {
 public:
  LimitedBenchmark(std::unique_ptr<const Benchmark> whole, int64_t limit)
      : Benchmark(whole->shared_spec()), whole_(std::move(whole)), limit_(limit) {}
  int64_t rows() const override { return limit_; }
  std::unique_ptr<BenchmarkStream> stream(int64_t first, Images images) const override {
    return std::make_unique<FirstRows>(whole_->stream(first, images), limit_ - first);
  }
  OrderedJson description() const override {
    OrderedJson description = whole_->description();
    description["limit"] = limit_;
    return description;
  }
  OrderedJson groups() const override {
    if (spec().kind.groups.empty()) return OrderedJson::object();
    std::vector<size_t> groups;
    const auto rows = stream(0, Images::without);
    while (const auto row = rows->next()) groups.push_back(row->group);
    return {{"groups", groups_json(spec().kind, groups)}};
  }
  std::vector<std::string> notes() const override { return whole_->notes(); }

 private:
  const std::unique_ptr<const Benchmark> whole_;
  const int64_t limit_;
};

}  // namespace

std::unique_ptr<const Benchmark> limited(std::unique_ptr<const Benchmark> benchmark, std::optional<int64_t> limit) {
  if (!limit || *limit >= benchmark->rows()) return benchmark;
  return std::make_unique<LimitedBenchmark>(std::move(benchmark), *limit);
}

}  // namespace vlrm
