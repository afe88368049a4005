#include "results/breakdown.h"

#include <algorithm>
#include <map>

#include "base/error.h"
#include "results/table_cells.h"

namespace vlrm {
namespace {

constexpr size_t kMostValues = 12;
constexpr size_t kLongest = 24;  // bytes of a value in a table

std::string value_text(const Breakdown& breakdown, size_t i) {
  if (i == breakdown.values.size()) return fmt::format("{} others", breakdown.others);
  return breakdown.values[i].empty() ? "\"\"" : printable(breakdown.values[i], kLongest);
}

// Whether each run has as many rows of each value as the first.
bool same_counts(const Breakdown& breakdown) {
  return std::ranges::all_of(breakdown.tallies, [&](const std::vector<Tally>& tallies) {
    return std::ranges::equal(tallies, breakdown.tallies.front(), {}, &Tally::count, &Tally::count);
  });
}

}  // namespace

Breakdown breakdown(const std::vector<const RunResults*>& runs, const std::vector<std::string>& labels,
                    const std::string& column, const std::vector<std::vector<std::string>>& values) {
  std::map<std::string, int64_t> counts;
  for (size_t i = 0; i < runs.size(); ++i)
    if (runs[i]->scored())
      for (const std::string& value : values[i]) ++counts[value];
  std::vector<std::pair<std::string, int64_t>> order(counts.begin(), counts.end());
  std::ranges::stable_sort(order, std::greater(), &std::pair<std::string, int64_t>::second);
  Breakdown result{runs.front()->info.benchmark, column, {}, 0, {}, {}, {}};
  std::map<std::string, size_t> places;
  for (size_t i = 0; i < order.size(); ++i) {
    places[order[i].first] = std::min(i, kMostValues);
    if (i < kMostValues)
      result.values.push_back(order[i].first);
    else
      ++result.others;
  }
  for (size_t i = 0; i < runs.size(); ++i) {
    if (!runs[i]->scored()) continue;
    std::vector<Tally> tallies(result.values.size() + (result.others > 0));
    VLRM_ASSERT(values[i].size() == runs[i]->outcomes.size());
    for (size_t row = 0; row < values[i].size(); ++row)
      if (const Outcome& outcome = runs[i]->outcomes[row]; !outcome.tie)
        tallies[places.at(values[i][row])].add(chosen_correctness(outcome));
    result.runs.push_back(labels[i]);
    result.paths.push_back(runs[i]->path.string());
    result.tallies.push_back(std::move(tallies));
  }
  return result;
}

OrderedJson breakdown_json(const Breakdown& breakdown) {
  OrderedJson json{{"benchmark", breakdown.benchmark.full_title()},
                   {"column", breakdown.column},
                   {"values", breakdown.values},
                   {"others", breakdown.others},
                   {"runs", OrderedJson::array()}};
  for (size_t i = 0; i < breakdown.runs.size(); ++i) {
    OrderedJson run{{"label", breakdown.runs[i]}, {"path", breakdown.paths[i]}, {"groups", OrderedJson::array()}};
    for (size_t k = 0; k < breakdown.tallies[i].size(); ++k) {
      const Tally& tally = breakdown.tallies[i][k];
      const auto share = percent(tally.fraction());
      run["groups"].push_back(
          {{"value", k < breakdown.values.size() ? OrderedJson(breakdown.values[k]) : OrderedJson(nullptr)},
           {"count", tally.count},
           {"percent", share ? OrderedJson(*share) : OrderedJson(nullptr)}});
    }
    json["runs"].push_back(std::move(run));
  }
  return json;
}

Grid breakdown_table(const Breakdown& breakdown, const TableOptions& options) {
  Grid grid;
  grid.title = escaped(fmt::format("{}: accuracy by {}", breakdown.benchmark.full_title(), printable(breakdown.column)),
                       options.layout);
  grid.columns.push_back({"", "Method"});
  if (breakdown.tallies.empty()) return grid;
  const bool same = same_counts(breakdown);
  if (same) grid.rows.push_back({"Samples"});
  for (size_t k = 0; k < breakdown.tallies.front().size(); ++k) {
    grid.columns.push_back({"", escaped(value_text(breakdown, k), options.layout)});
    if (same) grid.rows.front().push_back(fmt::format("{}", breakdown.tallies.front()[k].count));
  }
  for (size_t i = 0; i < breakdown.runs.size(); ++i) {
    std::vector<std::string> cells{escaped(breakdown.runs[i], options.layout)};
    for (const Tally& tally : breakdown.tallies[i]) {
      const auto share = percent(tally.fraction());
      cells.push_back(share ? number(*share, options.digits) : "n/a");
      if (!same) cells.back() += fmt::format(" ({})", tally.count);
    }
    grid.rows.push_back(std::move(cells));
  }
  if (!same) grid.notes.push_back("In brackets: samples.");
  return grid;
}

}  // namespace vlrm
