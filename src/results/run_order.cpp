#include "results/run_order.h"

#include <algorithm>
#include <cstring>
#include <tuple>

#include "base/error.h"
#include "base/joined.h"
#include "results/tables.h"

namespace vlrm {
namespace {

constexpr const char* kLabel = "label";

std::vector<std::string> columns_of(const std::vector<RunSummary>& runs) {
  std::vector<std::string> names;
  for (const RunSummary& run : runs)
    for (const Metric& metric : run.metrics)
      if (std::ranges::find(names, metric.name) == names.end()) names.push_back(metric.name);
  names.emplace_back(kLabel);
  return names;
}

const Metric* metric_named(const RunSummary& run, const std::string& name) {
  const auto found = std::ranges::find(run.metrics, name, &Metric::name);
  return found == run.metrics.end() ? nullptr : &*found;
}

// What runs are sorted by, the lowest first: whether one lacks the figure, whether it is unfinished, and the figure.
using SortKey = std::tuple<bool, bool, double>;

SortKey key_of(const RunSummary& run, const Metric* metric) {
  if (metric == nullptr || !metric->percent) return {true, true, 0};
  return {false, !run.complete, -*metric->percent};
}

}  // namespace

const Metric* ranked_metric(const RunSummary& run) {
  const auto found = std::ranges::find_if(run.metrics, is_of_all_rows, &Metric::figure);
  return found == run.metrics.end() ? nullptr : &*found;
}

std::vector<size_t> run_order(const std::vector<RunSummary>& runs, const std::string& sort, size_t top) {
  const std::vector<std::string> known = columns_of(runs);
  if (!sort.empty() && std::ranges::find(known, sort) == known.end())
    throw OptionError("sort", fmt::format("{} is none of {}", printable(sort), joined(known)));
  const bool by_figure = !sort.empty() && sort != kLabel;
  std::vector<size_t> all;
  for (const auto& benchmark : by_benchmark(runs)) {
    std::vector<const RunSummary*> order(benchmark);
    if (by_figure || top > 0)
      std::ranges::stable_sort(order, {}, [&](const RunSummary* run) {
        return key_of(*run, by_figure ? metric_named(*run, sort) : ranked_metric(*run));
      });
    if (top > 0 && order.size() > top) order.resize(top);
    if (sort == kLabel)
      std::ranges::stable_sort(order, [](const RunSummary* a, const RunSummary* b) {
        return strverscmp(a->info.label.c_str(), b->info.label.c_str()) < 0;
      });
    for (const RunSummary* run : order) all.push_back(static_cast<size_t>(run - runs.data()));
  }
  if (sort.empty() && top == 0) std::ranges::sort(all);  // as they were named
  return all;
}

}  // namespace vlrm
