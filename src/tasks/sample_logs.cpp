#include "tasks/sample_logs.h"

#include <algorithm>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "base/line_reader.h"
#include "python/json.h"

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

// What a line says of its question, in the published order. Since 0.4 there is no "doc": its id stands in what was
// logged of the mark, and of the rest only what stands there too.
OrderedJson question_of(const OrderedJson& line, const AnswerRules& rules, const std::string& source) {
  const bool has_doc = !line.is_object() || line.contains("doc") || !line.contains(rules.logged_mark);
  const OrderedJson& doc = logged_field(line, has_doc ? "doc" : rules.logged_mark, source);
  OrderedJson question;
  for (const auto& [name, logged] : rules.logged_fields)
    if (has_doc || name == "id" || (doc.is_object() && doc.contains(logged)))
      question[name] = logged_field(doc, logged, source);
  question["input"] = logged_field(line, "input", source);
  return question;
}

// The text in nested lists of one element; null if a list has more.
const std::string* only_text(const OrderedJson& value) {
  const OrderedJson* text = &value;
  while (text->is_array() && text->size() == 1) text = &text->front();
  return text->get_ptr<const std::string*>();
}

// Since 0.4 "resps" is left out where the filters changed nothing, and since 0.7 texts stand in fewer lists.
std::string response_of(const OrderedJson& line, const std::string& source) {
  const bool is_raw = line.is_object() && line.contains("resps");
  const char* field = is_raw ? "resps" : "filtered_resps";
  const std::string* text = only_text(logged_field(line, field, source));
  if (text == nullptr) fail("{}: \"{}\" is not one text", source, field);
  return *text;
}

}  // namespace

const OrderedJson& logged_field(const OrderedJson& object, const std::string& key, const std::string& source) {
  if (!object.is_object() || !object.contains(key))
    fail("{}: has no \"{}\": not a sample that lmms-eval logged", source, key);
  return object.at(key);
}

AggregatedAnswers aggregate_sample_logs(const fs::path& directory, const AnswerRules& rules) {
  std::vector<OrderedJson> questions;
  std::unordered_map<std::string, size_t> places;
  AggregatedAnswers result;
  for (const fs::path& log : logs_under(directory)) {
    ++result.files;
    LineReader lines(log.string());
    for (std::string text; lines.next_not_blank(text); ++result.responses) {
      const OrderedJson line = parse_python_json_or_throw(text, lines.source());
      OrderedJson question = question_of(line, rules, lines.source());
      const std::string key = question.at("id").dump() + question.at("input").dump();  // versions log more or less
      const auto [place, is_new] = places.emplace(key, questions.size());
      if (is_new) {
        question["responses"] = OrderedJson::array();
        question["correctness"] = OrderedJson::array();
        questions.push_back(std::move(question));
      }
      OrderedJson& known = questions[place->second];
      known["responses"].push_back(response_of(line, lines.source()));
      known["correctness"].push_back(rules.logged_correctness(line, lines.source()));
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
