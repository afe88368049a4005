// Tasks whose questions a model answers, with what tells right answers from wrong ones: prompts and scoring as
// lmms-eval's tasks of the same names have them.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/json.h"
#include "data/dataset.h"
#include "tasks/benchmark.h"

namespace vlrm {

class AnswerTask {
 public:
  virtual ~AnswerTask() = default;
  virtual int64_t rows() const = 0;

  class Stream {
   public:
    virtual ~Stream() = default;
    // Nothing after the last. Throws Error naming row and column.
    virtual std::optional<Question> next() = 0;
  };
  virtual std::unique_ptr<Stream> stream(Images images) const = 0;
  // How right a response is: VQA accuracy, or whether its option is the right one. Nothing where the task does not say.
  virtual std::optional<OrderedJson> correctness(const Question& question, const std::string& response) const = 0;
  virtual OrderedJson data() const = 0;              // for run.json
  virtual std::optional<int64_t> limit() const = 0;  // where it leaves rows out
};

// `spec` has answers; `data` may leave its fields empty; of the questions, the first `limit`. Throws Error if it cannot
// be opened or has no rows.
std::unique_ptr<AnswerTask> open_answer_task(SharedSpec spec, DatasetName data, std::optional<int64_t> limit = {});

}  // namespace vlrm
