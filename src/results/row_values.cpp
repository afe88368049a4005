#include "results/row_values.h"

#include <algorithm>
#include <memory>
#include <optional>

#include "base/error.h"
#include "base/joined.h"
#include "data/dataset.h"
#include "python/json.h"

namespace vlrm {
namespace {

constexpr const char* kId = "id";

std::string text_of_value(const OrderedJson& values, const std::string& name) {
  const auto found = values.find(name);
  if (found == values.end() || found->is_null()) return "none";
  return found->is_string() ? found->get<std::string>() : python_json(*found);
}

std::vector<std::string> names_in(const OrderedJson& values) {
  std::vector<std::string> names;
  for (const auto& [name, value] : values.items()) names.push_back(printable(name));
  return names;
}

// Nothing where the first row has no such field, whose names then stand in `known`.
std::optional<std::vector<std::string>> of_result_rows(const RunResults& run, const std::string& column,
                                                       std::vector<std::string>& known) {
  ResultReader reader(rows_file(run.path), run.info.benchmark.shape, true);
  std::vector<std::string> values;
  while (auto row = reader.next()) {
    if (values.empty()) {
      known = names_in(row->values);
      if (!row->values.contains(column)) return std::nullopt;
    }
    values.push_back(text_of_value(row->values, column));
  }
  if (values.size() != run.outcomes.size())
    fail("{}: the rows changed while they were read", rows_file(run.path).string());
  return values;
}

std::unique_ptr<Dataset> opened(const RunResults& run, const std::string& data) {
  const RunData of_run = run.info.data.value_or(RunData{});
  try {
    return open_dataset({data.empty() ? of_run.name : data, of_run.config, of_run.split});
  } catch (const Error& error) {
    fail("{}; `data` names another place for the dataset of {}", error.what(), run.path.string());
  }
}

void check_rows(const RunResults& run, const Dataset& dataset) {
  const int64_t rows = run.info.rows.value_or(static_cast<int64_t>(run.outcomes.size()));
  if (dataset.rows() == rows || (run.info.limited && dataset.rows() > rows)) return;
  fail("{}: has {} rows, but {} is of {}; `data` names the dataset that was scored", dataset.description(),
       dataset.rows(), run.path.string(), rows);
}

std::vector<std::string> of_dataset(const RunResults& run, const std::string& column, const Dataset& dataset,
                                    std::vector<std::string> known) {
  const auto stream = dataset.stream(0, Images::without, WantedColumns({column, kId}));
  std::vector<std::string> values;
  while (values.size() < run.outcomes.size()) {
    const auto row = stream->next();
    if (!row) fail("{}: ends before the rows of {}", dataset.description(), run.path.string());
    if (values.empty() && !row->values.contains(column)) {
      for (const auto& names : {names_in(row->values), row->unread})
        for (const std::string& name : names)
          if (std::ranges::find(known, name) == known.end()) known.push_back(printable(name));
      throw OptionError("by", fmt::format("{} is none of {}", printable(column), joined(known)));
    }
    const Outcome& outcome = run.outcomes[values.size()];
    if (!outcome.id.empty() && row->values.contains(kId) && text_of_value(row->values, kId) != outcome.id)
      fail("{}: has the id {} where {} has {}; `data` names the dataset that was scored", row->source,
           printable(text_of_value(row->values, kId)), run.path.string(), printable(outcome.id));
    values.push_back(text_of_value(row->values, column));
  }
  return values;
}

}  // namespace

std::vector<std::string> row_values(const RunResults& run, const std::string& column, const std::string& data) {
  if (run.outcomes.empty()) return {};
  std::vector<std::string> known;
  if (auto values = of_result_rows(run, column, known)) return *values;
  if (data.empty() && !run.info.data)
    throw OptionError("by", fmt::format("{} is none of {}, the fields of {}, and `data` names no dataset",
                                        printable(column), joined(known), rows_file(run.path).string()));
  const auto dataset = opened(run, data);
  check_rows(run, *dataset);
  return of_dataset(run, column, *dataset, std::move(known));
}

}  // namespace vlrm
