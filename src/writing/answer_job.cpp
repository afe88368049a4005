// Candidate answers for best-of-N.
#include "base/error.h"
#include "python/json.h"
#include "tasks/answer_task.h"
#include "writing/writing_job.h"

namespace vlrm {
namespace {

class AnswerStream : public RequestStream {
 public:
  AnswerStream(std::unique_ptr<AnswerTask::Stream> questions, std::vector<uint64_t> seeds, WritingJob::Wanted wanted)
      : questions_(std::move(questions)), seeds_(std::move(seeds)), wanted_(std::move(wanted)) {}
  std::optional<NumberedRequest> next() override {
    while (auto question = questions_->next()) {
      const int64_t number = at_++;
      if (!wanted_(number)) continue;
      GenerationRequest request;
      request.sample.messages.push_back(user_message(question->input, question->images.size()));
      request.sample.images = std::move(question->images);
      request.source = std::move(question->source);
      request.seeds = seeds_;
      return NumberedRequest{number, std::move(request)};
    }
    return std::nullopt;
  }

 private:
  const std::unique_ptr<AnswerTask::Stream> questions_;
  const std::vector<uint64_t> seeds_;
  const WritingJob::Wanted wanted_;
  int64_t at_ = 0;
};

class AnswerJob : public WritingJob {
 public:
  explicit AnswerJob(const AnswerJobOptions& options)
      : options_(options), task_(open_answer_task(options.benchmark, options.data, options.limit)) {
    const auto questions = task_->stream(Images::checked);
    while (questions->next()) continue;
  }
  int64_t requests() const override { return task_->rows(); }
  int64_t texts_a_request() const override { return options_.texts; }
  std::unique_ptr<RequestStream> stream(Wanted wanted) const override {
    std::vector<uint64_t> seeds;
    for (int64_t i = 0; i < options_.texts; ++i) seeds.push_back(options_.first_seed + static_cast<uint64_t>(i));
    return std::make_unique<AnswerStream>(task_->stream(Images::with), std::move(seeds), std::move(wanted));
  }
  Output output(const Written& written) const override {
    const bool is_marked = static_cast<bool>(options_.benchmark->answers->correctness);
    const auto questions = task_->stream(Images::without);
    std::string lines;
    for (int64_t i = 0; const auto question = questions->next(); ++i) {
      OrderedJson line = question->fields;
      OrderedJson responses = written(i), marks = OrderedJson::array();
      for (const OrderedJson& response : responses)
        if (auto mark = task_->correctness(*question, response.get<std::string>())) marks.push_back(std::move(*mark));
      line["responses"] = std::move(responses);
      if (!marks.empty()) line["correctness"] = std::move(marks);
      lines += python_json(line) + "\n";
    }
    return {std::move(lines),
            is_marked ? "" : "the task does not say which answers are correct: the lines have no correctness"};
  }
  OrderedJson settings() const override {
    OrderedJson settings = {{"task", "answers"},
                            {"subtask", options_.benchmark->kind.subtask},
                            {"data", task_->data()},
                            {"first_seed", options_.first_seed},
                            {"texts", options_.texts}};
    if (is_own()) settings["rules"] = options_.benchmark->answers->settings;
    if (const auto limit = task_->limit()) settings["limit"] = *limit;
    return settings;
  }
  // lmms-eval converts the images of all of its tasks to RGB.
  bool drops_alpha() const override { return !is_own(); }

 private:
  bool is_own() const { return !options_.benchmark->answers->settings.is_null(); }

  const AnswerJobOptions options_;
  const std::unique_ptr<AnswerTask> task_;
};

}  // namespace

std::unique_ptr<WritingJob> answer_job(const AnswerJobOptions& options) {
  return std::make_unique<AnswerJob>(options);
}

}  // namespace vlrm
