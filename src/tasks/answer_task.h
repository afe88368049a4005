// Tasks whose questions a model answers, with what tells right answers from wrong ones: prompts and scoring as
// lmms-eval's tasks of the same names have them.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "data/dataset.h"
#include "vision/image.h"

namespace vlrm {

struct Question {
  OrderedJson fields;  // of the published responses: id, what the row says of question and truth, and input
  std::string input;   // what the model is asked
  std::vector<EncodedImage> images;
  std::vector<std::string> answers;  // TextVQA: what people answered
  std::vector<std::string> options;  // MMMU-Pro, whose `fields` hold the right letter as "answer"
  std::string source;                // what errors call it
};

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
  // How right a response is: VQA accuracy, or whether its option is the right one.
  virtual OrderedJson correctness(const Question& question, const std::string& response) const = 0;
  virtual OrderedJson data() const = 0;  // for run.json
};

// `task`: see known_data.h; `data` may leave its fields empty. Throws Error if it cannot be opened or has no rows.
std::unique_ptr<AnswerTask> open_answer_task(const std::string& task, DatasetName data);

// Of an answer, as the reference has it.
int64_t default_max_new_tokens(const std::string& task);

}  // namespace vlrm
