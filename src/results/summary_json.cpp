// A run's summary as JSON.
#include "results/summary.h"

namespace vlrm {
namespace {

template <class T>
OrderedJson known(const std::optional<T>& value) {
  return value ? OrderedJson(*value) : OrderedJson(nullptr);
}

OrderedJson or_null(const std::string& text) {
  return text.empty() ? OrderedJson(nullptr) : OrderedJson(text);
}

OrderedJson json_of(const std::optional<Interval>& interval) {
  return interval ? OrderedJson{interval->low, interval->high} : OrderedJson(nullptr);
}

OrderedJson json_of(const Metric& metric) {
  OrderedJson json{{"name", metric.name},
                   {"figure", figure_key(metric.figure)},
                   {"count", metric.count},
                   {"percent", known(metric.percent)},
                   {"interval", json_of(metric.interval)},
                   {"of_model", is_of_model(metric.figure)}};
  if (metric.wilson) json["wilson"] = json_of(metric.wilson);
  return json;
}

OrderedJson json_of(const std::optional<Distribution>& all) {
  if (!all) return nullptr;
  return {{"count", all->count}, {"mean", all->mean},      {"deviation", all->deviation}, {"minimum", all->minimum},
          {"q05", all->q05},     {"q25", all->q25},        {"median", all->median},       {"q75", all->q75},
          {"q95", all->q95},     {"maximum", all->maximum}};
}

OrderedJson json_of(const std::optional<Ties>& ties) {
  if (!ties) return nullptr;
  return {{"rows", ties->rows},
          {"rows_that_matter", ties->rows_that_matter},
          {"accuracy", ties->accuracy},
          {"accuracy_reversed", ties->accuracy_reversed}};
}

OrderedJson json_of(const AccuracyBin& bin) {
  return {{"low", bin.low}, {"high", bin.high}, {"count", bin.count}, {"accuracy", bin.accuracy}};
}

OrderedJson json_of(const CalibrationBin& bin) {
  return {
      {"low", bin.low}, {"high", bin.high}, {"count", bin.count}, {"predicted", bin.predicted}, {"right", bin.right}};
}

OrderedJson json_of(const CurvePoint& point) {
  return {{"n", point.n}, {"chosen", point.chosen}, {"best", point.best}};
}

template <class T>
OrderedJson list_of(const std::vector<T>& items) {
  OrderedJson list = OrderedJson::array();
  for (const T& item : items) list.push_back(json_of(item));
  return list;
}

}  // namespace

OrderedJson summary_json(const RunSummary& summary) {
  OrderedJson json{{"path", or_null(summary.path.string())},
                   {"label", summary.info.label},
                   {"task", summary.info.benchmark.task},
                   {"kind", summary.info.benchmark.is_pairs() ? "pairs" : "best_of_n"},
                   {"subtask", or_null(summary.info.benchmark.subtask)},
                   {"mode", or_null(summary.info.mode)},
                   {"rows", summary.rows},
                   {"complete", summary.complete},
                   {"not_finite", summary.not_finite},
                   {"metrics", list_of(summary.metrics)},
                   {"equal_scores",
                    {{"pairs", summary.equal_scores.pairs()},
                     {"equal", summary.equal_scores.equal()},
                     {"deviation", summary.equal_scores.deviation()}}},
                   {"ties", json_of(summary.ties)}};
  if (summary.selected_of > 0) json["selected_of"] = summary.selected_of;
  json["texts"] = summary.notes.json();
  json["scores"] = {{"all", json_of(summary.scores.all)},
                    {"right", json_of(summary.scores.right)},
                    {"wrong", json_of(summary.scores.wrong)},
                    {"margin", json_of(summary.scores.margin)}};
  if (const auto& histogram = summary.margin_histogram)
    json["margin_histogram"] = {{"edges", histogram->edges},
                                {"right", histogram->right},
                                {"wrong", histogram->wrong},
                                {"left_out", histogram->left_out}};
  json["accuracy_by_margin"] = list_of(summary.accuracy_by_margin);
  if (const auto& calibration = summary.calibration)
    json["calibration"] = {{"error", calibration->error}, {"bins", list_of(calibration->bins)}};
  if (!summary.length_gap.empty()) json["length_gap"] = list_of(summary.length_gap);
  if (!summary.info.benchmark.is_pairs()) json["curve"] = list_of(summary.curve);
  return json;
}

}  // namespace vlrm
