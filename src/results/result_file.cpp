#include "results/result_file.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "python/json.h"
#include "results/row_id.h"

namespace vlrm {
namespace {

// Python counts true as 1.
std::vector<double> numbers(const OrderedJson& row, const char* key, const std::string& source) {
  if (!row.contains(key)) detail::fail_missing_field(key, source);
  std::vector<double> values;
  const OrderedJson& list = row.at(key);
  bool fits = list.is_array();
  for (size_t i = 0; fits && i < list.size(); ++i) {
    fits = list[i].is_number() || list[i].is_boolean();
    if (fits) values.push_back(list[i].is_boolean() ? list[i].get<bool>() : list[i].get<double>());
  }
  if (!fits || values.empty())
    fail("{}: the field \"{}\" must be a list of numbers, not {}", source, key, printable(python_json(list)));
  return values;
}

int64_t characters(std::string_view text) {
  return std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) >> 6) != 2; });
}

std::vector<int64_t> lengths(const OrderedJson& row, const char* key, size_t count, const std::string& source) {
  const auto texts = required_field<std::vector<std::string>>(row, key, source);
  if (texts.size() != count)
    fail("{}: {} \"{}\" for {} responses with a score or a correctness", source, texts.size(), key, count);
  std::vector<int64_t> all;
  for (const std::string& text : texts) all.push_back(characters(text));
  return all;
}

// An index into the responses, which Python may have written as a number of any kind.
size_t index(const OrderedJson& value, const char* key, size_t count, const std::string& source) {
  const double number = value.is_boolean() ? value.get<bool>() : value.is_number() ? value.get<double>() : -1;
  if (!(number >= 0 && number < static_cast<double>(count)) || number != std::floor(number))
    fail("{}: the field \"{}\" does not name one of {} responses: {}", source, key, count,
         printable(python_json(value)));
  return static_cast<size_t>(number);
}

void fill_pair(ResultRow& row, const std::string& source) {
  row.scores = numbers(row.values, "outputs", source);
  row.lengths = lengths(row.values, "prompts", row.scores.size(), source);
  for (const char* key : {"predicted_answer", "ground_truth"})
    if (!row.values.contains(key)) detail::fail_missing_field(key, source);
  row.chosen = index(row.values.at("predicted_answer"), "predicted_answer", row.scores.size(), source);
  const OrderedJson& truth = row.values.at("ground_truth");
  if (!truth.is_array()) fail("{}: the field \"ground_truth\" must be a list of indices", source);
  row.correctness.assign(row.scores.size(), 0);
  row.tie = truth.empty();
  if (row.tie) return;
  row.correctness[index(truth[0], "ground_truth", row.scores.size(), source)] = 1;
}

void fill_best_of_n(ResultRow& row, const std::string& source) {
  row.correctness = numbers(row.values, "correctness", source);
  row.lengths = lengths(row.values, "responses", row.correctness.size(), source);
  if (!row.values.contains("scores")) return;
  row.scores = numbers(row.values, "scores", source);
  if (row.scores.size() != row.correctness.size())
    fail("{}: {} scores for {} responses", source, row.scores.size(), row.correctness.size());
  row.chosen = first_largest(row.scores);
}

}  // namespace

RowShape shape_of_row(const OrderedJson& values, const std::string& source) {
  if (values.is_object() && values.contains("predicted_answer")) return {RowKind::pairs, values.contains("id")};
  if (values.is_object() && values.contains("correctness")) return {RowKind::best_of_n, true};
  fail("{}: no result: a pair has \"predicted_answer\", a best-of-n row \"correctness\"", source);
}

ResultRow parse_result_row(OrderedJson values, RowShape shape, const std::string& source) {
  if (!values.is_object()) fail("{}: a row must be a JSON object", source);
  ResultRow row;
  row.values = std::move(values);
  if (shape.has_id && !row.values.contains("id")) detail::fail_missing_field("id", source);
  if (shape.has_id) row.id = id_text(row.values.at("id"));
  if (row.values.contains("texts")) row.notes = TextNotes::from_json(row.values.at("texts"), source);
  switch (shape.kind) {
    case RowKind::pairs:
      fill_pair(row, source);
      break;
    case RowKind::best_of_n:
      fill_best_of_n(row, source);
      break;
  }
  return row;
}

size_t first_largest(const std::vector<double>& scores) {
  const auto lost = std::find_if(scores.begin(), scores.end(), [](double score) { return std::isnan(score); });
  const auto found = lost != scores.end() ? lost : std::max_element(scores.begin(), scores.end());
  return static_cast<size_t>(found - scores.begin());
}

ResultReader::ResultReader(const std::filesystem::path& path, std::optional<RowShape> shape, bool may_be_cut)
    : lines_(path.string()), shape_(shape), may_be_cut_(may_be_cut) {}

std::optional<ResultRow> ResultReader::next() {
  std::string line;
  if (!lines_.next_not_blank(line)) return std::nullopt;
  const std::string source = lines_.source();
  const auto parsed = [&] { return parse_python_json_or_throw(line, source); };
  OrderedJson values;
  if (lines_.ended()) {  // without a newline: whole only if it is a document
    try {
      values = parsed();
    } catch (const Error&) {
      if (may_be_cut_) return std::nullopt;
      fail("{}: the last line is cut off", source);
    }
  } else {
    values = parsed();
  }
  if (!shape_) shape_ = shape_of_row(values, source);
  ResultRow row = parse_result_row(std::move(values), *shape_, source);
  if (scored_.value_or(!row.scores.empty()) != !row.scores.empty())
    fail("{}: the rows before it {} scores, this one {}", source, *scored_ ? "have" : "have no",
         *scored_ ? "has none" : "has");
  scored_ = !row.scores.empty();
  return row;
}

}  // namespace vlrm
