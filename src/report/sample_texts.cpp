#include "report/sample_texts.h"

#include <algorithm>

#include "base/error.h"
#include "results/row_id.h"

namespace vlrm {
namespace {

// The length of what all texts begin with, cut back to the end of a line or word.
size_t common_start(const std::vector<std::string>& texts) {
  std::string_view start = texts.front();
  for (const std::string& text : texts) start = start.substr(0, std::ranges::mismatch(start, text).in1 - start.begin());
  return start.find_last_of(" \n") + 1;  // 0 where there is none
}

class RowReader : public SampleReader {
 public:
  explicit RowReader(const RunResults& run)
      : pairs_(run.info.benchmark.is_pairs()),
        left_(run.outcomes.size()),
        rows_(rows_file(run.path), run.info.benchmark.shape, true) {}

  std::optional<SampleTexts> next() override {
    if (left_ == 0) return std::nullopt;
    --left_;
    const auto row = rows_.next();
    if (!row) return std::nullopt;
    SampleTexts texts;
    texts.responses = row->values.at(pairs_ ? "prompts" : "responses").get<std::vector<std::string>>();
    if (pairs_) {
      const size_t start = common_start(texts.responses);
      texts.question = texts.responses.front().substr(0, start);
      for (std::string& response : texts.responses) response.erase(0, start);
    } else if (const auto input = row->values.find("input"); input != row->values.end() && input->is_string()) {
      texts.question = input->get<std::string>();
    }
    return texts;
  }

 private:
  const bool pairs_;
  size_t left_;  // the file may have grown since
  ResultReader rows_;
};

class BenchmarkReader : public SampleReader {
 public:
  BenchmarkReader(const RunResults& run, const Benchmark& benchmark) : run_(run), rows_(benchmark.stream(0)) {
    const int64_t rows = run.info.rows.value_or(static_cast<int64_t>(run.outcomes.size()));
    if (benchmark.rows() != rows) fail("it has {} rows, {} has {}", benchmark.rows(), run.path.string(), rows);
  }

  std::optional<SampleTexts> next() override {
    if (at_ == run_.outcomes.size()) return std::nullopt;
    auto row = rows_->next();
    if (!row) return std::nullopt;
    const Outcome& outcome = run_.outcomes[at_++];
    const std::string id = id_text(row->id);
    const bool other_id = run_.info.benchmark.shape.has_id && id != outcome.id;
    if (other_id || row->responses.size() != outcome.correctness.size())
      fail("row {} is another one than in {}", at_, run_.path.string());
    return SampleTexts{std::move(row->query), std::move(row->responses), std::move(row->images)};
  }

 private:
  const RunResults& run_;
  const std::unique_ptr<BenchmarkStream> rows_;
  size_t at_ = 0;
};

}  // namespace

std::unique_ptr<SampleReader> read_rows(const RunResults& run) {
  return std::make_unique<RowReader>(run);
}

std::unique_ptr<SampleReader> read_benchmark(const RunResults& run, const Benchmark& benchmark) {
  return std::make_unique<BenchmarkReader>(run, benchmark);
}

}  // namespace vlrm
