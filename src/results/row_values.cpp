#include "results/row_values.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>

#include "base/error.h"
#include "base/joined.h"
#include "data/dataset.h"
#include "results/row_id.h"

namespace vlrm {
namespace {

// The dataset's column that rows are known by.
std::string id_column(const RunInfo& info) {
  const auto own = info.columns.find("id");
  if (own != info.columns.end() && own->is_array() && !own->empty()) return own->front().get<std::string>();
  return info.benchmark.id_column.empty() ? "id" : info.benchmark.id_column;
}

std::string text_of_value(const OrderedJson& values, const std::string& name) {
  const auto found = values.find(name);
  if (found == values.end() || found->is_null()) return "none";
  return id_text(*found);
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

// Rows that nothing names can only be those that were scored if the dataset is the same.
void check_stamp(const RunResults& run, const Dataset& dataset) {
  if (!known_by_stamp(run)) return;
  std::vector<std::string> images;
  if (const auto own = run.info.columns.find("image"); own != run.info.columns.end())
    images = own->get<std::vector<std::string>>();
  if (dataset.stamp(images) != run.info.data->stamp)
    fail("{}: is not as it was when {} was scored, and its rows have no ids; `data` names the dataset that was scored",
         dataset.description(), run.path.string());
}

[[noreturn]] void refuse_column(const std::string& column, const Row& row, std::vector<std::string> known) {
  for (const auto& names : {names_in(row.values), row.unread})
    for (const std::string& name : names)
      if (std::ranges::find(known, name) == known.end()) known.push_back(printable(name));
  throw OptionError("by", fmt::format("{} is none of {}", printable(column), joined(known)));
}

// A dataset's rows that are of the benchmark.
class DatasetRows {
 public:
  DatasetRows(const RunResults& run, const std::string& column, const Dataset& dataset)
      : kind_(run.info.benchmark), rows_(dataset.stream(0, Images::without, wanted(run.info, column))) {}
  std::optional<Row> next() {
    auto row = rows_->next();
    while (row && is_left_out(kind_, row->values)) row = rows_->next();
    return row;
  }

 private:
  static WantedColumns wanted(const RunInfo& info, const std::string& column) {
    return WantedColumns({column, id_column(info), info.benchmark.left_out_field});
  }
  const BenchmarkKind& kind_;
  const std::unique_ptr<RowStream> rows_;
};

// Of runs whose responses stood in a file, which need not be in the dataset's order.
std::vector<std::string> by_id(const RunResults& run, const std::string& column, const Dataset& dataset,
                               std::vector<std::string> known) {
  const std::string id = id_column(run.info);
  std::map<std::string, std::string> value_of;
  DatasetRows rows(run, column, dataset);
  while (const auto row = rows.next()) {
    if (value_of.empty() && !row->values.contains(column)) refuse_column(column, *row, std::move(known));
    const auto found = row->values.find(id);
    value_of[found == row->values.end() ? fmt::format("{}", row->index) : id_text(whole_number(*found))] =
        text_of_value(row->values, column);
  }
  std::vector<std::string> values;
  for (const Outcome& outcome : run.outcomes) {
    const auto found = value_of.find(outcome.id);
    if (found == value_of.end())
      fail("{}: has no row with the {} {} of {}; `data` names the dataset that was scored", dataset.description(), id,
           printable(outcome.id), run.path.string());
    values.push_back(found->second);
  }
  return values;
}

std::vector<std::string> by_position(const RunResults& run, const std::string& column, const Dataset& dataset,
                                     std::vector<std::string> known) {
  check_stamp(run, dataset);
  const std::string id = id_column(run.info);
  DatasetRows rows(run, column, dataset);
  std::vector<std::string> values;
  while (values.size() < run.outcomes.size()) {
    const auto row = rows.next();
    if (!row) fail("{}: ends before the rows of {}", dataset.description(), run.path.string());
    if (values.empty() && !row->values.contains(column)) refuse_column(column, *row, std::move(known));
    const Outcome& outcome = run.outcomes[values.size()];
    const auto found = row->values.find(id);
    const std::string of_row = found == row->values.end() ? outcome.id : id_text(whole_number(*found));
    if (!outcome.id.empty() && of_row != outcome.id)
      fail("{}: has the id {} where {} has {}; `data` names the dataset that was scored", row->source,
           printable(of_row), run.path.string(), printable(outcome.id));
    values.push_back(text_of_value(row->values, column));
  }
  const int64_t all = run.info.rows.value_or(static_cast<int64_t>(run.outcomes.size()));
  if (!run.info.limited && all == std::ssize(values) && rows.next())
    fail("{}: has more rows than {}; `data` names the dataset that was scored", dataset.description(),
         run.path.string());
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
  const bool in_order = run.info.responses.empty();
  return in_order ? by_position(run, column, *dataset, std::move(known))
                  : by_id(run, column, *dataset, std::move(known));
}

}  // namespace vlrm
