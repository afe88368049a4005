#include "results/summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "results/metrics.h"
#include "results/tie_labels.h"

namespace vlrm {
namespace {

std::optional<Interval> in_percent(std::optional<Interval> interval) {
  if (interval) *interval = {interval->low * 100, interval->high * 100};
  return interval;
}

std::optional<size_t> responses_per_row(const std::vector<Outcome>& outcomes) {
  if (outcomes.empty()) return std::nullopt;
  const size_t count = outcomes.front().correctness.size();
  const bool same = std::ranges::all_of(outcomes, [&](const auto& row) { return row.correctness.size() == count; });
  return same ? std::optional(count) : std::nullopt;
}

Metric metric(Figure figure, std::string name, const Tally& tally, const std::vector<double>& values) {
  return {figure,      std::move(name), tally.count, percent(tally.fraction()), in_percent(interval_of_mean({values})),
          std::nullopt};
}

// The figures of one run.
class Figures {
 public:
  explicit Figures(const RunResults& run)
      : kind_(run.info.benchmark),
        outcomes_(run.outcomes),
        choices_(summarize_choices(outcomes_, kind_.groups.size())),
        data_(summarize_best_of_n(outcomes_)),
        by_group_(values_by_group(outcomes_, kind_)) {
    for (const auto& values : by_group_) all_.insert(all_.end(), values.begin(), values.end());
    if (kind_.groups.empty()) by_group_.clear();
  }

  std::vector<Metric> metrics() const {
    std::vector<Metric> all;
    for (const Figure figure : kind_.figures) add(figure, all);
    return all;
  }

 private:
  void add(Figure figure, std::vector<Metric>& all) const {
    switch (figure) {
      case Figure::group:
        for (size_t i = 0; i < by_group_.size(); ++i)
          all.push_back(of_choices(figure, kind_.groups[i], choices_.groups[i], by_group_[i]));
        break;
      case Figure::overall:
        all.push_back(of_choices(figure, title_of_figure(figure), choices_.overall, all_));
        break;
      case Figure::accuracy:
        all.push_back(of_choices(figure, title_of_figure(figure), choices_.overall, all_));
        all.back().percent = accuracy_percent(choices_.overall);
        break;
      case Figure::all_right:
        all.push_back(of_values(figure, all_right_values(outcomes_, kind_)));
        break;
      case Figure::with_ties:
        all.push_back(of_values(figure, values_with_ties(outcomes_)));
        break;
      case Figure::tie_calibrated:
        all.push_back(of_values(figure, values_with_ties(outcomes_, calibrated_threshold(outcomes_))));
        break;
      case Figure::average:
        all.push_back({figure, title_of_figure(figure), std::ssize(all_), percent(mean_of_groups()),
                       in_percent(interval_of_mean({by_group_.begin(), by_group_.end()})), std::nullopt});
        break;
      case Figure::macro:
        if (by_group_.empty()) break;
        all.push_back({figure, title_of_figure(figure), choices_.overall.count, percent(choices_.macro()),
                       in_percent(interval_of_mean({by_group_.begin(), by_group_.end()})), std::nullopt});
        break;
      case Figure::pass_1:
        all.push_back(of_data(figure, data_.pass_1, [](const Outcome& row) { return row.correctness.front(); }));
        break;
      case Figure::pass_n:
        all.push_back(of_data(figure, data_.pass_n,
                              [](const Outcome& row) { return *std::ranges::max_element(row.correctness); }));
        if (const auto count = responses_per_row(outcomes_)) all.back().name = fmt::format("Pass@{}", *count);
        break;
      case Figure::random:
        all.push_back(of_data(figure, data_.random, mean_correctness));
        break;
      case Figure::drawn:
        all.push_back(metric(figure, title_of_figure(figure), data_.random_drawn, {}));
        break;
    }
  }

  // Of pairs these are plain proportions.
  Metric of_choices(Figure figure, std::string name, const Tally& tally, const std::vector<double>& values) const {
    if (kind_.unit_value != nullptr) return metric(figure, std::move(name), tally_of(values), values);
    Metric made = metric(figure, std::move(name), tally, values);
    if (kind_.is_pairs()) made.wilson = in_percent(wilson_interval(static_cast<int64_t>(tally.correct), tally.count));
    return made;
  }

  static Tally tally_of(const std::vector<double>& values) {
    Tally tally;
    for (const double value : values) tally.add(value);
    return tally;
  }

  Metric of_values(Figure figure, const std::vector<double>& values) const {
    return metric(figure, title_of_figure(figure), tally_of(values), values);
  }

  std::optional<double> mean_of_groups() const {
    double sum = 0;
    for (const auto& values : by_group_) {
      const auto mean = tally_of(values).fraction();
      if (!mean) return std::nullopt;
      sum += *mean;
    }
    return by_group_.empty() ? std::nullopt : std::optional(sum / static_cast<double>(by_group_.size()));
  }

  template <class ValueOfRow>
  Metric of_data(Figure figure, const Tally& tally, const ValueOfRow& value_of) const {
    std::vector<double> values;
    for (const Outcome& outcome : outcomes_) values.push_back(value_of(outcome));
    return metric(figure, title_of_figure(figure), tally, values);
  }

  static std::string title_of_figure(Figure figure) { return std::string(figure_title(figure)); }

  const BenchmarkKind& kind_;
  const std::vector<Outcome>& outcomes_;
  const ChoiceSummary choices_;
  const BestOfNSummary data_;
  std::vector<std::vector<double>> by_group_;  // what the figures are means of
  std::vector<double> all_;
};

int64_t rows_not_finite(const std::vector<Outcome>& outcomes) {
  return std::ranges::count_if(outcomes, [](const Outcome& outcome) {
    return !std::ranges::all_of(outcome.scores, [](double score) { return std::isfinite(score); });
  });
}

}  // namespace

RunSummary summarize(const RunResults& run) {
  // Rows that say which response is right: mostly all.
  std::optional<RunResults> some;
  if (std::ranges::any_of(run.outcomes, &Outcome::tie)) some = without_ties(run);
  const RunResults& judged = some ? *some : run;
  RunSummary summary{run.path,
                     run.info,
                     static_cast<int64_t>(run.outcomes.size()),
                     run.complete(),
                     rows_not_finite(run.outcomes),
                     responses_per_row(run.outcomes),
                     Figures(run).metrics(),
                     run.equal_scores,
                     run.notes,
                     ties(judged.outcomes),
                     score_distributions(judged.outcomes),
                     accuracy_by_length_gap(judged),
                     margin_histogram(judged.outcomes),
                     accuracy_by_margin(judged.outcomes),
                     {},
                     {}};
  if (run.info.benchmark.is_pairs())
    summary.calibration = calibration(judged.outcomes);
  else
    summary.curve = best_of_n_curve(run.outcomes);
  return summary;
}

}  // namespace vlrm
