#include "tasks/answer_task.h"

#include <algorithm>

#include "base/error.h"
#include "base/utf8.h"
#include "python/list.h"
#include "python/text.h"
#include "tasks/known_data.h"
#include "tasks/multiple_choice.h"
#include "tasks/row_fields.h"
#include "tasks/vqa_accuracy.h"

namespace vlrm {
namespace {

// One of the tasks: what it makes of a row, and of a response.
class Rules {
 public:
  virtual ~Rules() = default;
  virtual Question question(Row& row) const = 0;
  virtual OrderedJson correctness(const Question& question, const std::string& response) const = 0;
};

class TextVqa : public Rules {
 public:
  Question question(Row& row) const override {
    const RowFields fields(row);
    Question made;
    const std::string asked = fields.text("question");
    made.answers = fields.texts("answers");
    made.input = python::capitalized(asked) + "\nAnswer the question using a single word or phrase.";
    made.fields = {
        {"id", fields.any("question_id")}, {"question", asked}, {"answers", made.answers}, {"input", made.input}};
    made.images = fields.take_images();
    return made;
  }
  OrderedJson correctness(const Question& question, const std::string& response) const override {
    return vqa_accuracy(response, question.answers);
  }
};

class MmmuPro : public Rules {
 public:
  OrderedJson correctness(const Question& question, const std::string& response) const override {
    const char chosen = chosen_option(response, question.options, question.fields.at("id").dump());
    return question.fields.at("answer") == std::string(1, chosen);
  }

 protected:
  static std::vector<std::string> options_of(const RowFields& fields, const std::string& source) {
    std::vector<std::string> options = fields.any("options").is_string()
                                           ? parse_python_strings_or_throw(fields.text("options"), source + ", options")
                                           : fields.texts("options");
    if (options.empty() || options.size() > 26) fail("{}: {} options, not 1 to 26", source, options.size());
    return options;
  }
};

class MmmuProStandard : public MmmuPro {
 public:
  Question question(Row& row) const override {
    const RowFields fields(row);
    Question made;
    made.options = options_of(fields, row.source);
    const std::string asked = fields.text("question");
    made.input = asked + "\n" + lettered(made.options) +
                 "\n\nAnswer the following multiple choice question. The last line of your response should be of the "
                 "following format: 'Answer: $LETTER' (without quotes) where LETTER is one of options. Think step by "
                 "step before answering.";
    made.fields = {{"id", fields.any("id")},
                   {"subject", fields.text("subject")},
                   {"question", asked},
                   {"answer", fields.text("answer")},
                   {"input", made.input}};
    keep_named_images(row, made.input);
    made.images = fields.take_images();
    return made;
  }

 private:
  // "<image 2>" in the text names the column image_2; others are not shown. A row may have been read without images.
  static void keep_named_images(Row& row, const std::string& text) {
    std::erase_if(row.images, [&](const auto& image) {
      constexpr std::string_view kPrefix = "image_";
      if (!image.first.starts_with(kPrefix)) return true;
      return text.find("<image " + image.first.substr(kPrefix.size()) + ">") == std::string::npos;
    });
  }
};

class MmmuProVision : public MmmuPro {
 public:
  Question question(Row& row) const override {
    const RowFields fields(row);
    Question made;
    made.options = options_of(fields, row.source);
    made.input =
        "Write out the multiple-choice question in the image and then solve it. The last line of your response should "
        "be of the following format: 'Answer: $LETTER' (without quotes) where LETTER is one of options. Think step by "
        "step before answering.";
    made.fields = {{"id", fields.any("id")},
                   {"subject", fields.text("subject")},
                   {"answer", fields.text("answer")},
                   {"input", made.input}};
    made.images = fields.take_images();
    return made;
  }
};

std::shared_ptr<const Rules> rules_of(const std::string& task) {
  if (task.starts_with("textvqa")) return std::make_shared<TextVqa>();
  if (task == "mmmu_pro_standard_cot") return std::make_shared<MmmuProStandard>();
  return std::make_shared<MmmuProVision>();
}

class Questions : public AnswerTask::Stream {
 public:
  Questions(std::shared_ptr<const Rules> rules, std::unique_ptr<RowStream> rows, int64_t count, Images images)
      : rules_(std::move(rules)), rows_(std::move(rows)), left_(count), images_(images) {}
  std::optional<Question> next() override {
    if (left_-- <= 0) return std::nullopt;
    auto row = rows_->next();
    if (!row) return std::nullopt;
    Question question = rules_->question(*row);
    question.source = std::move(row->source);
    if (images_ == Images::with && question.images.empty()) fail("{}: has no image", question.source);
    return question;
  }

 private:
  const std::shared_ptr<const Rules> rules_;
  const std::unique_ptr<RowStream> rows_;
  int64_t left_;
  const Images images_;
};

class OpenedTask : public AnswerTask {
 public:
  OpenedTask(const std::string& task, const KnownData& known, DatasetName name)
      : rules_(rules_of(task)), name_(or_else(std::move(name), known.data)), data_(open_dataset(name_)) {
    rows_ = known.first_rows > 0 ? std::min(known.first_rows, data_->rows()) : data_->rows();
    if (rows_ == 0) fail("{}; there is nothing to answer", data_->description());
  }
  int64_t rows() const override { return rows_; }
  std::unique_ptr<Stream> stream(Images images) const override {
    return std::make_unique<Questions>(rules_, data_->stream(0, images), rows_, images);
  }
  OrderedJson correctness(const Question& question, const std::string& response) const override {
    return rules_->correctness(question, response);
  }
  OrderedJson data() const override { return describe(name_, *data_); }

 private:
  const std::shared_ptr<const Rules> rules_;
  const DatasetName name_;
  const std::unique_ptr<Dataset> data_;
  int64_t rows_ = 0;
};

}  // namespace

std::unique_ptr<AnswerTask> open_answer_task(const std::string& task, DatasetName data) {
  return std::make_unique<OpenedTask>(task, known_data_or_throw(task), std::move(data));
}

int64_t default_max_new_tokens(const std::string& task) {
  return task.starts_with("textvqa") ? 1024 : 4096;
}

}  // namespace vlrm
