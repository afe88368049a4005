#include "report/sample_columns.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/utf8.h"
#include "data/dataset.h"
#include "report/run_data.h"
#include "tasks/row_fields.h"

namespace vlrm {
namespace {

constexpr size_t kLongestValue = 40, kMostValues = 20;

size_t characters(const std::string& text) {
  return static_cast<size_t>(std::ranges::count_if(text, [](char c) { return (static_cast<uint8_t>(c) >> 6) != 2; }));
}

// Nothing for what is no short text, number or boolean.
std::optional<std::string> short_text(const OrderedJson& value) {
  if (value.is_number() || value.is_boolean()) return value.dump();
  if (!value.is_string()) return std::nullopt;
  auto text = utf8::with_replacements(value.get<std::string>());
  if (characters(text) > kLongestValue) return std::nullopt;
  return text;
}

// As RowsById has it: where no column is named, "id", or else the row's number. Nothing where the row lacks the column.
std::optional<std::string> id_of_row(const Row& row, const std::string& column) {
  const auto id = row.values.find(column.empty() ? "id" : column);
  if (id != row.values.end()) return id_text(whole_number(*id));
  return column.empty() ? std::optional(fmt::format("{}", row.index)) : std::nullopt;
}

// The samples with this id; of several rows of the dataset with one id the last counts, as for images.
using SamplesById = std::multimap<std::string, size_t>;

SamplesById samples_by_id(const RunResults& run, size_t count) {
  SamplesById samples;
  for (size_t i = 0; i < count; ++i) samples.emplace(run.outcomes[i].id, i);
  return samples;
}

}  // namespace

void ColumnGatherer::add(size_t sample, const OrderedJson& values) {
  for (const auto& [name, value] : values.items()) {
    if (known_.contains(name)) continue;
    const auto [place, is_new] = places_.emplace(name, gathered_.size());
    if (is_new) gathered_.push_back({{name, {}, std::vector<std::optional<size_t>>(samples_)}, {}, false});
    Gathered& column = gathered_[place->second];
    if (column.dropped || value.is_null()) continue;
    const auto text = short_text(value);
    const bool fits = text && (column.numbers.contains(*text) || column.numbers.size() < kMostValues);
    if (!fits) {
      column = {{name, {}, {}}, {}, true};
      continue;
    }
    const auto [number, is_first] = column.numbers.emplace(*text, column.column.values.size());
    if (is_first) column.column.values.push_back(*text);
    column.column.rows[sample] = number->second;
  }
}

std::vector<SampleColumn> ColumnGatherer::columns() const {
  std::vector<SampleColumn> kept;
  for (const Gathered& each : gathered_) {
    if (each.dropped) continue;
    const std::set<std::optional<size_t>> used(each.column.rows.begin(), each.column.rows.end());
    const size_t values = used.size() - (used.contains(std::nullopt) ? 1 : 0);
    if (values > 1 && values < samples_) kept.push_back(each.column);
  }
  return kept;
}

std::vector<SampleColumn> read_columns(const RunResults& run, const std::string& data, int64_t count,
                                       const Benchmarks& benchmarks) {
  const SharedSpec spec = spec_of(run, benchmarks);
  const auto name = name_of_data(run, data);
  if (!name || spec == nullptr) return {};
  const auto dataset = open_dataset(or_else(*name, spec->data));
  const auto samples = static_cast<size_t>(count);
  ColumnGatherer gatherer(samples, spec->columns.values);  // of best of N these are none
  const auto rows = dataset->stream(0, Images::without);
  const SamplesById by_id = spec->has_responses() ? SamplesById() : samples_by_id(run, samples);
  for (size_t i = 0; spec->answers != nullptr || i < samples;) {
    const auto row = rows->next();
    if (!row) break;
    if (is_left_out(spec->kind, row->values)) continue;
    if (spec->has_responses()) {
      gatherer.add(i++, row->values);
      continue;
    }
    const auto id = id_of_row(*row, spec->answers->id);
    if (!id) break;
    const auto [first, last] = by_id.equal_range(*id);
    for (auto found = first; found != last; ++found) gatherer.add(found->second, row->values);
  }
  return gatherer.columns();
}

OrderedJson columns_json(const std::vector<SampleColumn>& columns) {
  OrderedJson json = OrderedJson::array();
  for (const SampleColumn& column : columns) {
    OrderedJson rows = OrderedJson::array();
    for (const auto& row : column.rows) rows.push_back(row ? OrderedJson(*row) : OrderedJson(nullptr));
    json.push_back({{"name", column.name}, {"values", column.values}, {"rows", rows}});
  }
  return json;
}

}  // namespace vlrm
