// A vision-language model as the judge of responses.
#include "base/error.h"
#include "base/python_json.h"
#include "prompt/stamps.h"
#include "reward/scorer.h"
#include "writing/judge_prompts.h"
#include "writing/request_of_prompt.h"
#include "writing/verdicts.h"
#include "writing/writing_job.h"

namespace vlrm {
namespace {

// Which responses a request shows: one, or two in this order.
struct Shown {
  size_t first = 0, second = 0;
};

std::vector<Shown> shown_of(Judging judging, size_t responses) {
  std::vector<Shown> all;
  for (size_t i = 0; i < responses; ++i) {
    if (judging != Judging::pairwise) all.push_back({i, i});
    for (size_t j = 0; judging == Judging::pairwise && j < responses; ++j)
      if (i != j) all.push_back({i, j});
  }
  return all;
}

std::string_view name_of(Judging judging) {
  switch (judging) {
    case Judging::score:
      return "score";
    case Judging::likelihood:
      return "likelihood";
    case Judging::pairwise:
      break;
  }
  return "pairwise";
}

std::string filled(const PromptTemplate& prompt, const BenchmarkRow& row, const Shown& shown, size_t images) {
  return prompt.fill({{std::string(PromptTemplate::kInstruction), row.query},
                      {"ANSWER", row.responses[shown.first]},
                      {"ANSWER_A", row.responses[shown.first]},
                      {"ANSWER_B", row.responses[shown.second]}},
                     images);
}

class JudgeStream : public RequestStream {
 public:
  JudgeStream(std::unique_ptr<BenchmarkStream> rows, const JudgePrompts& prompts, Judging judging,
              WritingJob::Wanted wanted)
      : rows_(std::move(rows)), prompts_(prompts), judging_(judging), wanted_(std::move(wanted)) {}
  std::optional<NumberedRequest> next() override {
    for (;;) {
      if (at_ == shown_.size()) {
        row_ = rows_->next();
        if (!row_) return std::nullopt;
        if (row_->images.empty()) fail("{}: has no image", row_->source);
        shown_ = shown_of(judging_, row_->responses.size());
        at_ = 0;
      }
      const Shown& shown = shown_[at_++];
      const int64_t number = number_++;
      if (!wanted_(number)) continue;
      const std::string text = filled(prompts_.prompt, *row_, shown, row_->images.size());
      return NumberedRequest{number, request_of_prompt(prompts_.system, text, row_->images, row_->source)};
    }
  }

 private:
  const std::unique_ptr<BenchmarkStream> rows_;
  const JudgePrompts& prompts_;
  const Judging judging_;
  const WritingJob::Wanted wanted_;
  std::optional<BenchmarkRow> row_;
  std::vector<Shown> shown_;
  size_t at_ = 0;
  int64_t number_ = 0;
};

class JudgeJob : public WritingJob {
 public:
  JudgeJob(std::shared_ptr<const Benchmark> benchmark, const JudgeJobOptions& options)
      : benchmark_(std::move(benchmark)), judging_(options.judging), prompts_(JudgePrompts::of(options)) {
    const auto rows = benchmark_->stream(0, Images::checked);
    while (const auto row = rows->next())
      requests_ += static_cast<int64_t>(shown_of(judging_, row->responses.size()).size());
  }
  int64_t requests() const override { return requests_; }
  std::unique_ptr<RequestStream> stream(Wanted wanted) const override {
    return std::make_unique<JudgeStream>(benchmark_->stream(0), prompts_, judging_, std::move(wanted));
  }
  std::string output(const Written& written) const override {
    const auto rows = benchmark_->stream(0, Images::without);
    std::string lines;
    int64_t number = 0;
    while (auto row = rows->next()) {
      std::vector<OrderedJson> values;
      const std::vector<Shown> shown = shown_of(judging_, row->responses.size());
      for (size_t i = 0; i < shown.size(); ++i) values.push_back(written(number++));
      lines += python_json(line(*row, shown, values)) + "\n";
    }
    return lines;
  }
  OrderedJson settings() const override {
    OrderedJson settings = benchmark_->description();
    settings["mode"] = fmt::format("judge {}", name_of(judging_));
    settings["prompt"] = {{"text", prompts_.prompt.text()}, {"digest", content_digest(prompts_.prompt.text())}};
    settings["system_prompt"] = prompts_.system;
    settings["rows"] = benchmark_->rows();
    return settings;
  }
  std::vector<int> numbers_at_once() const override {
    if (judging_ != Judging::likelihood) return {};
    return {1, 2, 3, 4, 5};
  }
  bool drops_alpha() const override { return benchmark_->drops_alpha(); }

 private:
  // Of values: what was written for each of `shown`.
  OrderedJson line(BenchmarkRow& row, const std::vector<Shown>& shown, const std::vector<OrderedJson>& values) const {
    std::vector<double> scores(row.responses.size());
    OrderedJson texts = OrderedJson::array();
    for (size_t i = 0; i < shown.size(); ++i) {
      if (judging_ == Judging::likelihood) {
        scores[shown[i].first] = values[i].get<double>();
        continue;
      }
      const std::string text = values[i].at(0).get<std::string>();
      texts.push_back(text);
      if (judging_ == Judging::score) {
        scores[shown[i].first] = overall_score(text);
      } else {
        const double share = first_answers_share(text), games = 2.0 * static_cast<double>(row.responses.size() - 1);
        scores[shown[i].first] += share / games;
        scores[shown[i].second] += (1 - share) / games;
      }
    }
    for (double& score : scores) score = rounded_score(score);
    row.fields["vlm_outputs"] = std::move(texts);
    std::vector<std::string> prompts;
    for (size_t i = 0; i < row.responses.size(); ++i)
      prompts.push_back(filled(prompts_.prompt, row, {i, i}, row.images.size()));
    return benchmark_->result(row, prompts, scores);
  }

  const std::shared_ptr<const Benchmark> benchmark_;
  const Judging judging_;
  const JudgePrompts prompts_;
  int64_t requests_ = 0;
};

}  // namespace

std::unique_ptr<WritingJob> judge_job(std::shared_ptr<const Benchmark> benchmark, const JudgeJobOptions& options) {
  return std::make_unique<JudgeJob>(std::move(benchmark), options);
}

}  // namespace vlrm
