// MMMU/MMMU_Pro: multiple-choice questions beside their images, or within them.
#include "base/error.h"
#include "python/list.h"
#include "tasks/benchmarks/benchmarks.h"
#include "tasks/multiple_choice.h"
#include "tasks/row_fields.h"
#include "tasks/sample_logs.h"

namespace vlrm {
namespace {

std::vector<std::string> options_of(const RowFields& fields, const std::string& source) {
  std::vector<std::string> options = fields.any("options").is_string()
                                         ? parse_python_strings_or_throw(fields.text("options"), source + ", options")
                                         : fields.texts("options");
  if (options.empty() || options.size() > 26) fail("{}: {} options, not 1 to 26", source, options.size());
  return options;
}

// "<image 2>" in the text names the column image_2; others are not shown. A row may have been read without images.
void keep_named_images(Row& row, const std::string& text) {
  std::erase_if(row.images, [&](const auto& image) {
    constexpr std::string_view kPrefix = "image_";
    if (!image.first.starts_with(kPrefix)) return true;
    return text.find("<image " + image.first.substr(kPrefix.size()) + ">") == std::string::npos;
  });
}

Question standard_question(Row& row) {
  const RowFields fields(row);
  Question made;
  made.options = options_of(fields, row.source);
  const std::string asked = fields.text("question");
  made.input = asked + "\n" + lettered(made.options) +
               "\n\nAnswer the following multiple choice question. The last line of your response should be of the "
               "following format: 'Answer: $LETTER' (without quotes) where LETTER is one of options. Think step by "
               "step before answering.";
  made.fields = {{"id", fields.id("id")},
                 {"subject", fields.text("subject")},
                 {"question", asked},
                 {"answer", fields.text("answer")},
                 {"input", made.input}};
  keep_named_images(row, made.input);
  made.images = fields.take_images();
  return made;
}

Question vision_question(Row& row) {
  const RowFields fields(row);
  Question made;
  made.options = options_of(fields, row.source);
  made.input =
      "Write out the multiple-choice question in the image and then solve it. The last line of your response should "
      "be of the following format: 'Answer: $LETTER' (without quotes) where LETTER is one of options. Think step by "
      "step before answering.";
  made.fields = {{"id", fields.id("id")},
                 {"subject", fields.text("subject")},
                 {"answer", fields.text("answer")},
                 {"input", made.input}};
  made.images = fields.take_images();
  return made;
}

OrderedJson correctness_of(const Question& question, const std::string& response) {
  const char chosen = chosen_option(response, question.options, question.fields.at("id").dump());
  return question.fields.at("answer") == std::string(1, chosen);
}

OrderedJson logged_correctness(const OrderedJson& line, const std::string& source) {
  const OrderedJson& accuracy = logged_field(line, "mmmu_acc", source);
  return logged_field(accuracy, "answer", source) == logged_field(accuracy, "parsed_pred", source);
}

const AnswerRules kStandard{
    .id = "id",
    .max_new_tokens = 4096,
    .columns = {{"id", "subject", "question", "options", "answer"}},
    .question = standard_question,
    .correctness = correctness_of,
    .logged_fields = {{"id", "id"}, {"subject", "subject"}, {"question", "question"}, {"answer", "answer"}},
    .logged_mark = "mmmu_acc",
    .logged_correctness = logged_correctness,
};

const AnswerRules kVision{
    .id = "id",
    .max_new_tokens = 4096,
    .columns = {{"id", "subject", "options", "answer"}},
    .question = vision_question,
    .correctness = correctness_of,
    .logged_fields = {{"id", "id"}, {"subject", "subject"}, {"answer", "answer"}},
    .logged_mark = "mmmu_acc",
    .logged_correctness = logged_correctness,
};

}  // namespace

const BenchmarkSpec mmmu_pro_standard_cot_benchmark{
    .kind = best_of_n_kind("mmmu_pro_standard_cot", "MMMU-Pro", "standard"),
    .data = {"MMMU/MMMU_Pro", "standard (10 options)", "test"},
    .answers = &kStandard,
};

const BenchmarkSpec mmmu_pro_vision_cot_benchmark{
    .kind = best_of_n_kind("mmmu_pro_vision_cot", "MMMU-Pro", "vision"),
    .data = {"MMMU/MMMU_Pro", "vision", "test"},
    .answers = &kVision,
};

}  // namespace vlrm
