#include "reward/score_line.h"

#include "base/error.h"
#include "base/json_fields.h"

namespace fs = std::filesystem;

namespace vlrm {

std::optional<ScoredSample> read_score_line(const std::string& line, const Sample& sample) {
  try {
    const OrderedJson json = parse_ordered_json_or_throw(line, "");
    ScoredSample scored{required_field<std::vector<double>>(json, "scores", ""), {}};
    if (json.contains("texts")) scored.notes = TextNotes::from_json(json.at("texts"), "");
    const bool fits = json.contains("id") && json.at("id") == sample.id;
    if (fits && scored.scores.size() == sample.responses.size()) return scored;
  } catch (const Error&) {
  }
  return std::nullopt;
}

std::string score_line(const Sample& sample, const std::vector<double>& scores, const OrderedJson& date,
                       const TextNotes& notes) {
  std::string values;
  for (const double score : scores)
    values += fmt::format("{}{}", values.empty() ? "" : ", ", static_cast<float>(score));
  const std::string at = date.is_string() ? fmt::format(", \"date\": {}", date.dump()) : "";
  const std::string texts = notes.empty() ? "" : fmt::format(", \"texts\": {}", notes.json().dump());
  std::string other;
  for (const auto& [key, value] : sample.other.items())
    other += fmt::format(", {}: {}", OrderedJson(key).dump(), value.dump());
  return fmt::format("{{\"id\": {}, \"scores\": [{}]{}{}{}}}", sample.id.dump(), values, at, texts, other);
}

void add_input(OrderedJson& settings, int64_t batch_samples, const SamplesFile::Facts& facts) {
  settings["batch_samples"] = batch_samples;
  if (facts.limited) settings["limit"] = facts.samples;
  settings["input"] = facts.lines;
}

void refuse_input_as_output(const SamplesInput& input, const fs::path& output) {
  std::error_code error;
  if (fs::equivalent(input.path(), output, error))
    fail("{}: is the input and the output; name another output", output.string());
}

}  // namespace vlrm
