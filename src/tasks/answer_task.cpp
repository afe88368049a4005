#include "tasks/answer_task.h"

#include <algorithm>

#include "base/error.h"
#include "tasks/row_fields.h"

namespace vlrm {
namespace {

class Questions : public AnswerTask::Stream {
 public:
  Questions(SharedSpec spec, std::unique_ptr<RowStream> rows, int64_t count, Images images)
      : spec_(std::move(spec)), rows_(std::move(rows)), left_(count), images_(images) {}
  std::optional<Question> next() override {
    if (left_-- <= 0) return std::nullopt;
    auto row = rows_->next();
    if (!row) return std::nullopt;
    Question question = spec_->answers->question(*row);
    question.source = std::move(row->source);
    if (images_ == Images::with && question.images.empty()) fail("{}: has no image", question.source);
    return question;
  }

 private:
  const SharedSpec spec_;
  const std::unique_ptr<RowStream> rows_;
  int64_t left_;
  const Images images_;
};

class OpenedTask : public AnswerTask {
 public:
  OpenedTask(SharedSpec spec, DatasetName name, std::optional<int64_t> limit)
      : spec_(std::move(spec)),
        rules_(*spec_->answers),
        name_(or_else(std::move(name), spec_->data)),
        data_(open_dataset(name_)) {
    rows_ = spec_->first_rows > 0 ? std::min(spec_->first_rows, data_->rows()) : data_->rows();
    if (rows_ == 0) fail("{}; there is nothing to answer", data_->description());
    if (limit && *limit < rows_) limit_ = rows_ = *limit;
  }
  int64_t rows() const override { return rows_; }
  std::unique_ptr<Stream> stream(Images images) const override {
    return std::make_unique<Questions>(spec_, data_->stream(0, images, rules_.columns), rows_, images);
  }
  std::optional<OrderedJson> correctness(const Question& question, const std::string& response) const override {
    if (!rules_.correctness) return std::nullopt;
    return rules_.correctness(question, response);
  }
  OrderedJson data() const override { return describe(name_, *data_, rules_.columns.images); }
  std::optional<int64_t> limit() const override { return limit_; }

 private:
  const SharedSpec spec_;
  const AnswerRules& rules_;
  const DatasetName name_;
  const std::unique_ptr<Dataset> data_;
  int64_t rows_ = 0;
  std::optional<int64_t> limit_;
};

}  // namespace

std::unique_ptr<AnswerTask> open_answer_task(SharedSpec spec, DatasetName data, std::optional<int64_t> limit) {
  VLRM_ASSERT(spec->answers != nullptr);
  return std::make_unique<OpenedTask>(std::move(spec), std::move(data), limit);
}

}  // namespace vlrm
