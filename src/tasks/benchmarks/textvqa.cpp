// lmms-lab/textvqa: questions about text in images, with the answers of ten people.
#include "base/error.h"
#include "python/text.h"
#include "tasks/benchmarks/benchmarks.h"
#include "tasks/row_fields.h"
#include "tasks/sample_logs.h"
#include "tasks/vqa_accuracy.h"

namespace vlrm {
namespace {

Question question_of(Row& row) {
  const RowFields fields(row);
  Question made;
  const std::string asked = fields.text("question");
  made.answers = fields.texts("answers");
  made.input = python::capitalized(asked) + "\nAnswer the question using a single word or phrase.";
  made.fields = {
      {"id", fields.id("question_id")}, {"question", asked}, {"answers", made.answers}, {"input", made.input}};
  made.images = fields.take_images();
  return made;
}

OrderedJson correctness_of(const Question& question, const std::string& response) {
  return vqa_accuracy(response, question.answers);
}

OrderedJson logged_correctness(const OrderedJson& line, const std::string& source) {
  const OrderedJson& accuracy = logged_field(line, "exact_match", source);
  if (!accuracy.is_number()) fail("{}: \"exact_match\" is not a number", source);
  return accuracy;
}

const AnswerRules kRules{
    .id = "question_id",
    .max_new_tokens = 1024,
    .columns = {{"question_id", "question", "answers"}},
    .question = question_of,
    .correctness = correctness_of,
    .logged_fields = {{"id", "question_id"}, {"question", "question"}, {"answers", "answers"}},
    .logged_mark = "submission",
    .logged_correctness = logged_correctness,
};

}  // namespace

const BenchmarkSpec textvqa_val_benchmark{
    .kind = best_of_n_kind("textvqa_val", "TextVQA", "", "question_id"),
    .data = {"lmms-lab/textvqa", "", "validation"},
    .drops_alpha = true,
    .answers = &kRules,
};

const BenchmarkSpec textvqa_train_100_benchmark{
    .kind = best_of_n_kind("textvqa_train_100", "TextVQA train 100", "", "question_id"),
    .data = {"lmms-lab/textvqa", "", "train"},
    .first_rows = 100,
    .drops_alpha = true,
    .answers = &kRules,
};

}  // namespace vlrm
