// A model as the judge of responses.
#include <algorithm>
#include <map>
#include <tuple>

#include "base/error.h"
#include "base/joined.h"
#include "python/json.h"
#include "results/metrics.h"
#include "writing/own_prompts.h"
#include "writing/request_of_prompt.h"
#include "writing/verdicts.h"
#include "writing/writing_job.h"

namespace vlrm {
namespace {

// Which responses a request shows: one, or two in this order.
struct Shown {
  size_t first = 0, second = 0;
  bool operator<(const Shown& other) const { return std::tie(first, second) < std::tie(other.first, other.second); }
};

// For each response the first one that is equal to it: equal ones are judged once.
std::vector<size_t> first_equals(const std::vector<std::string>& responses) {
  std::vector<size_t> firsts;
  for (const std::string& response : responses)
    firsts.push_back(static_cast<size_t>(std::ranges::find(responses, response) - responses.begin()));
  return firsts;
}

// The requests of a row, in their order.
std::vector<Shown> shown_of(Judging judging, const std::vector<std::string>& responses) {
  const std::vector<size_t> firsts = first_equals(responses);
  std::vector<Shown> all;
  for (size_t i = 0; i < responses.size(); ++i) {
    if (firsts[i] != i) continue;
    if (judging != Judging::pairwise) all.push_back({i, i});
    for (size_t j = 0; judging == Judging::pairwise && j < responses.size(); ++j)
      if (firsts[j] == j && i != j) all.push_back({i, j});
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

std::map<std::string, std::string> fields_of(const BenchmarkRow& row, const Shown& shown) {
  return {{std::string(PromptTemplate::kInstruction), row.query},
          {"ANSWER", row.responses[shown.first]},
          {"ANSWER_A", row.responses[shown.first]},
          {"ANSWER_B", row.responses[shown.second]}};
}

class JudgeStream : public RequestStream {
 public:
  JudgeStream(std::unique_ptr<BenchmarkStream> rows, const JudgePrompts& prompts, Judging judging, bool shows_images,
              WritingJob::Wanted wanted)
      : rows_(std::move(rows)),
        prompts_(prompts),
        judging_(judging),
        shows_images_(shows_images),
        wanted_(std::move(wanted)) {}
  std::optional<NumberedRequest> next() override {
    for (;;) {
      while (at_ == shown_.size()) {  // there may be nothing to ask about a row
        row_ = rows_->next();
        if (!row_) return std::nullopt;
        if (row_->images.empty()) fail("{}: has no image", row_->source);
        if (!shows_images_) row_->images.clear();
        shown_ = shown_of(judging_, row_->responses);
        at_ = 0;
      }
      const Shown& shown = shown_[at_++];
      const int64_t number = number_++;
      if (!wanted_(number)) continue;
      OrderedJson content = prompts_.prompt.content(fields_of(*row_, shown), row_->images.size());
      return NumberedRequest{number,
                             request_of_prompt(prompts_.system, std::move(content), row_->images, row_->source)};
    }
  }

 private:
  const std::unique_ptr<BenchmarkStream> rows_;
  const JudgePrompts& prompts_;
  const Judging judging_;
  const bool shows_images_;
  const WritingJob::Wanted wanted_;
  std::optional<BenchmarkRow> row_;
  std::vector<Shown> shown_;
  size_t at_ = 0;
  int64_t number_ = 0;
};

class JudgeJob : public WritingJob {
 public:
  JudgeJob(std::shared_ptr<const Benchmark> benchmark, const JudgeJobOptions& options)
      : benchmark_(std::move(benchmark)),
        judging_(options.judging),
        shows_images_(options.shows_images),
        response_prefix_(options.response_prefix),
        prompts_(JudgePrompts::of(options)) {
    const auto rows = benchmark_->stream(0, Images::checked);
    while (const auto row = rows->next()) requests_ += static_cast<int64_t>(shown_of(judging_, row->responses).size());
    if (requests_ == 0) fail("`judging` pairwise: no row has two responses that differ; there is nothing to judge");
  }
  int64_t requests() const override { return requests_; }
  std::unique_ptr<RequestStream> stream(Wanted wanted) const override {
    return std::make_unique<JudgeStream>(benchmark_->stream(0), prompts_, judging_, shows_images_, std::move(wanted));
  }
  Output output(const Written& written) const override {
    // Lines about pairs hold prompts, which show the images.
    const bool shows_prompts = benchmark_->spec().kind.is_pairs();
    const auto rows = benchmark_->stream(0, shows_prompts ? Images::with : Images::without);
    std::string lines;
    int64_t number = 0, ties = 0, without_number = 0;
    while (auto row = rows->next()) {
      std::map<Shown, OrderedJson> values;
      for (const Shown& shown : shown_of(judging_, row->responses)) values[shown] = written(number++);
      const Judged judged = judge(row->responses, values);
      ties += best_is_a_tie(row->responses, judged.scores) ? 1 : 0;
      without_number += judged.without_number;
      lines += python_json(line(*row, judged)) + "\n";
    }
    return {std::move(lines), note(ties, without_number)};
  }
  OrderedJson settings() const override {
    OrderedJson settings = benchmark_->description();
    settings["mode"] = fmt::format("judge {}", name_of(judging_));
    settings["prompt"] = describe_prompt(prompts_.prompt.text());
    settings["system_prompt"] = describe_prompt(prompts_.system);
    if (!shows_images_) settings["images"] = false;
    settings["rows"] = benchmark_->rows();
    settings.update(benchmark_->groups());
    return settings;
  }
  std::vector<int> numbers_at_once() const override {
    if (judging_ != Judging::likelihood) return {};
    return {1, 2, 3, 4, 5};
  }
  bool drops_alpha() const override { return benchmark_->spec().drops_alpha; }

 private:
  struct Judged {
    std::vector<double> scores;  // a response
    OrderedJson texts = OrderedJson::array();
    int64_t without_number = 0;  // responses
  };

  Judged judge(const std::vector<std::string>& responses, const std::map<Shown, OrderedJson>& values) const {
    Judged judged = judging_ == Judging::pairwise ? pairwise(responses, values) : one_by_one(responses, values);
    for (double& score : judged.scores) score = rounded_score(score);
    return judged;
  }

  // Equal responses are no tie: it does not matter which of them is taken.
  static bool best_is_a_tie(const std::vector<std::string>& responses, const std::vector<double>& scores) {
    const size_t best = first_largest(scores);
    for (size_t i = 0; i < scores.size(); ++i)
      if (scores[i] == scores[best] && responses[i] != responses[best]) return true;
    return false;
  }

  OrderedJson line(BenchmarkRow& row, const Judged& judged) const {
    row.fields["vlm_outputs"] = judged.texts;
    return result_line(benchmark_->spec().kind, row, prompts_of(row), judged.scores);
  }

  // What is asked about each response, or, pairwise, in each of the games as vlm_outputs has them.
  std::vector<std::string> prompts_of(const BenchmarkRow& row) const {
    std::vector<std::string> prompts;
    for (size_t i = 0; i < row.responses.size(); ++i)
      for (size_t j = 0; j < row.responses.size(); ++j)
        if ((i == j) != (judging_ == Judging::pairwise))
          prompts.push_back(prompts_.prompt.fill(fields_of(row, {i, j}), shows_images_ ? row.images.size() : 0));
    return prompts;
  }

  std::string note(int64_t ties, int64_t without_number) const {
    std::vector<std::string> notes;
    if (ties > 0)
      notes.push_back(fmt::format("{} of {} rows have several best responses, of which the first counts", ties,
                                  benchmark_->rows()));
    if (without_number > 0)
      notes.push_back(fmt::format("{} responses got no number from the judge, which counts as 0", without_number));
    return joined(notes, "; ");
  }

  // As the judge's message has it.
  std::string judgement(const OrderedJson& written) const {
    return response_prefix_ + written.at(0).get<std::string>();
  }

  Judged one_by_one(const std::vector<std::string>& responses, const std::map<Shown, OrderedJson>& values) const {
    Judged judged;
    for (const size_t first : first_equals(responses)) {
      const OrderedJson& value = values.at({first, first});
      if (judging_ == Judging::likelihood) {
        judged.scores.push_back(value.get<double>());
        continue;
      }
      judged.texts.push_back(judgement(value));
      const auto score = overall_score(judgement(value));
      judged.scores.push_back(score.value_or(0));
      judged.without_number += score ? 0 : 1;
    }
    return judged;
  }

  // Each against each other one, equal ones a tie.
  Judged pairwise(const std::vector<std::string>& responses, const std::map<Shown, OrderedJson>& values) const {
    const std::vector<size_t> firsts = first_equals(responses);
    Judged judged{std::vector<double>(responses.size())};
    const double games = 2.0 * static_cast<double>(responses.size() - 1);
    for (size_t i = 0; i < responses.size(); ++i) {
      for (size_t j = 0; j < responses.size(); ++j) {
        if (i == j) continue;
        const auto value = values.find({firsts[i], firsts[j]});
        const std::string text = value == values.end() ? "" : judgement(value->second);
        const double fraction = value == values.end() ? 0.5 : first_answers_share(text);
        judged.scores[i] += fraction / games;
        judged.scores[j] += (1 - fraction) / games;
        judged.texts.push_back({{"a", i}, {"b", j}, {"text", text}});
      }
    }
    return judged;
  }

  const std::shared_ptr<const Benchmark> benchmark_;
  const Judging judging_;
  const bool shows_images_;
  const std::string response_prefix_;
  const JudgePrompts prompts_;
  int64_t requests_ = 0;
};

}  // namespace

std::unique_ptr<WritingJob> judge_job(std::shared_ptr<const Benchmark> benchmark, const JudgeJobOptions& options) {
  return std::make_unique<JudgeJob>(std::move(benchmark), options);
}

}  // namespace vlrm
