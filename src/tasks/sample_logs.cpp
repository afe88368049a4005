#include "tasks/sample_logs.h"

#include <algorithm>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "base/line_reader.h"
#include "python/json.h"
#include "tasks/known_data.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

std::vector<fs::path> logs_under(const fs::path& directory) {
  std::error_code error;
  std::vector<fs::path> logs;
  for (fs::recursive_directory_iterator entry(directory, error), end; !error && entry != end; entry.increment(error))
    if (entry->is_regular_file() && entry->path().extension() == ".jsonl") logs.push_back(entry->path());
  if (error) fail_with_errno(error.value(), "{}: cannot be read", directory.string());
  if (logs.empty()) fail("{}: has no .jsonl files of samples", directory.string());
  std::ranges::sort(logs);
  return logs;
}

const OrderedJson& field(const OrderedJson& object, const char* key, const std::string& source) {
  if (!object.is_object() || !object.contains(key))
    fail("{}: has no \"{}\": not a sample that lmms-eval logged", source, key);
  return object.at(key);
}

// What a line says of its question, in the published order.
OrderedJson question_of(const OrderedJson& line, const std::string& task, const std::string& source) {
  const OrderedJson& doc = field(line, "doc", source);
  OrderedJson question;
  if (task.starts_with("textvqa")) {
    question["id"] = field(doc, "question_id", source);
    question["question"] = field(doc, "question", source);
    question["answers"] = field(doc, "answers", source);
  } else {
    question["id"] = field(doc, "id", source);
    question["subject"] = field(doc, "subject", source);
    if (task == "mmmu_pro_standard_cot") question["question"] = field(doc, "question", source);
    question["answer"] = field(doc, "answer", source);
  }
  question["input"] = field(line, "input", source);
  return question;
}

OrderedJson correctness_of(const OrderedJson& line, const std::string& task, const std::string& source) {
  if (task.starts_with("textvqa")) {
    const OrderedJson& accuracy = field(line, "exact_match", source);
    if (!accuracy.is_number()) fail("{}: \"exact_match\" is not a number", source);
    return accuracy;
  }
  const OrderedJson& accuracy = field(line, "mmmu_acc", source);
  return field(accuracy, "answer", source) == field(accuracy, "parsed_pred", source);
}

std::string response_of(const OrderedJson& line, const std::string& source) {
  const OrderedJson& responses = field(line, "resps", source);
  const bool one = responses.is_array() && responses.size() == 1 && responses[0].is_array() &&
                   responses[0].size() == 1 && responses[0][0].is_string();
  if (!one) fail("{}: \"resps\" is not one text in two lists", source);
  return responses[0][0].get<std::string>();
}

}  // namespace

AggregatedAnswers aggregate_sample_logs(const fs::path& directory, const std::string& task) {
  known_data_or_throw(task);
  std::vector<OrderedJson> questions;
  std::unordered_map<std::string, size_t> places;
  AggregatedAnswers result;
  for (const fs::path& log : logs_under(directory)) {
    ++result.files;
    LineReader lines(log.string());
    for (std::string text; lines.next_not_blank(text); ++result.responses) {
      const OrderedJson line = parse_python_json_or_throw(text, lines.source());
      OrderedJson question = question_of(line, task, lines.source());
      const auto [place, is_new] = places.emplace(question.dump(), questions.size());
      if (is_new) {
        question["responses"] = OrderedJson::array();
        question["correctness"] = OrderedJson::array();
        questions.push_back(std::move(question));
      }
      OrderedJson& known = questions[place->second];
      known["responses"].push_back(response_of(line, lines.source()));
      known["correctness"].push_back(correctness_of(line, task, lines.source()));
    }
  }
  if (questions.empty()) fail("{}: its .jsonl files are empty", directory.string());
  for (const OrderedJson& question : questions) {
    result.lines += python_json(question) + "\n";
    result.uneven = result.uneven || question["responses"].size() != questions[0]["responses"].size();
  }
  result.questions = static_cast<int64_t>(questions.size());
  return result;
}

}  // namespace vlrm
