#include "results/comparison.h"

#include <algorithm>
#include <span>

#include "base/error.h"
#include "base/joined.h"
#include "results/metrics.h"
#include "results/tie_labels.h"

namespace vlrm {
namespace {

struct Paired {
  std::vector<double> a, b, differences;
  void add(double left, double right) {
    a.push_back(left);
    b.push_back(right);
    differences.push_back(left - right);
  }
};

double mean_of_means(const std::vector<const Paired*>& strata, std::vector<double> Paired::*side) {
  double sum = 0;
  for (const Paired* stratum : strata) {
    Tally tally;
    for (const double value : stratum->*side) tally.add(value);
    sum += tally.fraction().value();
  }
  return sum / static_cast<double>(strata.size());
}

MetricComparison by_bootstrap(std::string name, const std::vector<const Paired*>& strata) {
  MetricComparison result;
  result.metric = std::move(name);
  Strata differences;
  for (const Paired* stratum : strata) {
    differences.emplace_back(stratum->differences);
    result.count += static_cast<int64_t>(stratum->a.size());
  }
  result.a = mean_of_means(strata, &Paired::a) * 100;
  result.b = mean_of_means(strata, &Paired::b) * 100;
  const Interval interval = interval_of_mean(differences, -1, 1).value();
  result.difference = {interval.low * 100, interval.high * 100};
  result.p = bootstrap_p_value(differences);
  return result;
}

MetricComparison by_mcnemar(std::string name, const Paired& pairs) {
  MetricComparison result = by_bootstrap(std::move(name), {&pairs});
  result.only_a = std::count_if(pairs.differences.begin(), pairs.differences.end(), [](double d) { return d > 0; });
  result.only_b = std::count_if(pairs.differences.begin(), pairs.differences.end(), [](double d) { return d < 0; });
  result.p = mcnemar_p_value(*result.only_a, *result.only_b);
  return result;
}

Paired paired(const std::vector<double>& a, const std::vector<double>& b) {
  Paired both;
  for (size_t i = 0; i < a.size(); ++i) both.add(a[i], b[i]);
  return both;
}

MetricComparison by_kind(const BenchmarkKind& kind, std::string name, const Paired& rows) {
  return kind.is_pairs() && kind.unit_value == nullptr ? by_mcnemar(std::move(name), rows)
                                                       : by_bootstrap(std::move(name), {&rows});
}

// The rows that both runs have.
struct Both {
  std::span<const Outcome> a, b;
};

// What a figure says of both runs, where it has samples and depends on the model.
void add_figure(Figure figure, const BenchmarkKind& kind, const Both& rows, const std::vector<Paired>& groups,
                const Paired& all, std::vector<MetricComparison>& metrics) {
  const std::string title(figure_title(figure));
  const auto has_samples = [](const Paired& values) { return !values.a.empty(); };
  std::vector<const Paired*> strata;
  Paired paired_rows;
  switch (figure) {
    case Figure::group:
      for (size_t i = 0; i < groups.size(); ++i)
        if (has_samples(groups[i])) metrics.push_back(by_kind(kind, kind.groups[i], groups[i]));
      break;
    case Figure::overall:
    case Figure::accuracy:
      metrics.push_back(by_kind(kind, title, all));
      break;
    case Figure::all_right:
      paired_rows = paired(all_right_values(rows.a, kind), all_right_values(rows.b, kind));
      if (has_samples(paired_rows)) metrics.push_back(by_mcnemar(title, paired_rows));
      break;
    case Figure::with_ties:
      paired_rows = paired(values_with_ties(rows.a), values_with_ties(rows.b));
      if (has_samples(paired_rows)) metrics.push_back(by_mcnemar(title, paired_rows));
      break;
    case Figure::tie_calibrated:  // each with a threshold of its own
      break;
    case Figure::macro:
    case Figure::average:
      if (groups.empty() || !std::ranges::all_of(groups, has_samples)) break;
      for (const Paired& group : groups) strata.push_back(&group);
      metrics.push_back(by_bootstrap(title, strata));
      break;
    case Figure::pass_1:
    case Figure::pass_n:
    case Figure::random:
    case Figure::drawn:
      break;
  }
}

}  // namespace

std::string difference_of_samples(const RunResults& a, const RunResults& b) {
  const auto by_stamp = [](const RunResults& run) { return !run.info.columns.is_null() && known_by_stamp(run); };
  if (by_stamp(a) && by_stamp(b) && a.info.data->stamp != b.info.data->stamp)
    return "their datasets differ, and rows have no ids";
  if (a.outcomes.size() != b.outcomes.size() && a.complete() && b.complete())
    return fmt::format("{} and {} rows", a.outcomes.size(), b.outcomes.size());
  for (size_t i = 0; i < std::min(a.outcomes.size(), b.outcomes.size()); ++i) {
    const Outcome &left = a.outcomes[i], &right = b.outcomes[i];
    if (left.id != right.id || left.correctness != right.correctness)
      return fmt::format("row {} differs in id or in what is correct", i + 1);
    if (left.texts != right.texts) return fmt::format("row {} differs in its responses", i + 1);
  }
  return "";
}

void check_comparable(const RunResults& a, const RunResults& b) {
  const std::string names = fmt::format("{} and {}", a.path.string(), b.path.string());
  const BenchmarkKind &left = a.info.benchmark, &right = b.info.benchmark;
  const bool same =
      left.task == right.task && (left.subtask == right.subtask || left.subtask.empty() || right.subtask.empty());
  if (!same) fail("{}: of different tasks, {} and {}", names, left.name(), right.name());
  if (left.groups != right.groups)
    fail("{}: of different groups, {} and {}", names, joined(left.groups), joined(right.groups));
  for (const RunResults* run : {&a, &b})
    if (!run->scored()) fail("{}: has no scores to compare", run->path.string());
  const std::string difference = difference_of_samples(a, b);
  if (!difference.empty()) fail("{}: not of the same samples, {}", names, difference);
}

Comparison compare(const RunResults& a, const RunResults& b) {
  check_comparable(a, b);
  const size_t rows = std::min(a.outcomes.size(), b.outcomes.size());
  const BenchmarkKind& kind = a.info.benchmark;
  const Both both{std::span(a.outcomes).first(rows), std::span(b.outcomes).first(rows)};
  const auto left = values_by_group(both.a, kind), right = values_by_group(both.b, kind);
  std::vector<Paired> groups;
  Paired all;
  for (size_t group = 0; group < left.size(); ++group) {
    groups.push_back(paired(left[group], right[group]));
    for (size_t i = 0; i < left[group].size(); ++i) all.add(left[group][i], right[group][i]);
  }
  if (kind.groups.empty()) groups.clear();
  Comparison result{a.info, b.info, static_cast<int64_t>(rows), agreement(a, b, rows), {}};
  for (const Figure figure : kind.figures) add_figure(figure, kind, both, groups, all, result.metrics);
  return result;
}

double agreement(const RunResults& a, const RunResults& b, size_t rows) {
  int64_t same = 0;
  for (size_t i = 0; i < rows; ++i) {
    const Outcome &left = a.outcomes[i], &right = b.outcomes[i];
    same += left.chosen == right.chosen || (!left.texts.empty() && left.texts[left.chosen] == left.texts[right.chosen]);
  }
  return rows == 0 ? 0 : static_cast<double>(same) / static_cast<double>(rows);
}

OrderedJson comparison_json(const Comparison& comparison) {
  OrderedJson json{{"a", comparison.a.label},
                   {"b", comparison.b.label},
                   {"rows", comparison.rows},
                   {"agreement", comparison.agreement}};
  json["metrics"] = OrderedJson::array();
  for (const MetricComparison& metric : comparison.metrics) {
    OrderedJson item{{"name", metric.metric},
                     {"count", metric.count},
                     {"a", metric.a},
                     {"b", metric.b},
                     {"interval", {metric.difference.low, metric.difference.high}}};
    if (metric.only_a) {
      item["only_a"] = *metric.only_a;
      item["only_b"] = *metric.only_b;
    }
    item["test"] = metric.only_a ? "mcnemar" : "paired bootstrap";
    item["p"] = metric.p;
    json["metrics"].push_back(std::move(item));
  }
  return json;
}

}  // namespace vlrm
