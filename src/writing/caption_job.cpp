// Captions: what an image shows, in view of a question.
#include <map>
#include <utility>

#include "base/error.h"
#include "python/json.h"
#include "tasks/row_fields.h"
#include "writing/request_of_prompt.h"
#include "writing/writing_job.h"

namespace vlrm {
namespace {

class CaptionStream : public RequestStream {
 public:
  CaptionStream(std::unique_ptr<BenchmarkStream> rows, const std::vector<int64_t>& requests,
                const PromptTemplate& prompt, WritingJob::Wanted wanted)
      : rows_(std::move(rows)), requests_(requests), prompt_(prompt), wanted_(std::move(wanted)) {}
  std::optional<NumberedRequest> next() override {
    while (auto row = rows_->next()) {
      if (at_ == requests_.size()) break;  // the file has grown, which the run tells
      const int64_t number = requests_[at_++];
      if (number < 0 || !wanted_(number)) continue;
      if (row->images.empty()) fail("{}: has no image", row->source);
      OrderedJson content =
          prompt_.content({{std::string(PromptTemplate::kInstruction), row->query}}, row->images.size());
      return NumberedRequest{number, request_of_prompt("", std::move(content), std::move(row->images), row->source)};
    }
    return std::nullopt;
  }

 private:
  const std::unique_ptr<BenchmarkStream> rows_;
  const std::vector<int64_t>& requests_;
  const PromptTemplate& prompt_;
  const WritingJob::Wanted wanted_;
  size_t at_ = 0;
};

class CaptionJob : public WritingJob {
 public:
  CaptionJob(std::shared_ptr<const Benchmark> benchmark, PromptTemplate prompt)
      : benchmark_(std::move(benchmark)), prompt_(std::move(prompt)) {
    std::map<std::string, size_t> last;  // row of an id
    const auto rows = benchmark_->stream(0, Images::checked);
    for (size_t i = 0; const auto row = rows->next(); ++i) {
      const std::string id = id_text(row->id);
      const auto [known, is_new] = last.emplace(id, i);
      requests_.push_back(is_new ? static_cast<int64_t>(ids_.size()) : requests_[known->second]);
      if (is_new) ids_.push_back(id);
      if (!is_new) requests_[std::exchange(known->second, i)] = -1;
    }
  }
  int64_t requests() const override { return static_cast<int64_t>(ids_.size()); }
  std::unique_ptr<RequestStream> stream(Wanted wanted) const override {
    return std::make_unique<CaptionStream>(benchmark_->stream(0), requests_, prompt_, std::move(wanted));
  }
  Output output(const Written& written) const override {
    std::string json;
    for (int64_t i = 0; i < requests(); ++i)
      json += fmt::format("{}\n    {}: {}", json.empty() ? "" : ",", python_json(ids_[static_cast<size_t>(i)]),
                          python_json(written(i).at(0)));
    return {"{" + json + "\n}"};
  }
  OrderedJson settings() const override {
    OrderedJson settings = benchmark_->description();
    settings["prompt"] = describe_prompt(prompt_.text());
    return settings;
  }
  bool drops_alpha() const override { return benchmark_->spec().drops_alpha; }

 private:
  const std::shared_ptr<const Benchmark> benchmark_;
  const PromptTemplate prompt_;
  std::vector<std::string> ids_;   // of each request
  std::vector<int64_t> requests_;  // of each row; -1 where a later row has its id
};

}  // namespace

std::unique_ptr<WritingJob> caption_job(std::shared_ptr<const Benchmark> benchmark, PromptTemplate prompt) {
  return std::make_unique<CaptionJob>(std::move(benchmark), std::move(prompt));
}

}  // namespace vlrm
