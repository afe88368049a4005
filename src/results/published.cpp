#include "results/published.h"

#include <algorithm>

#include "base/error.h"
#include "base/joined.h"
#include "results/table_cells.h"

namespace vlrm {
namespace {

constexpr std::optional<double> kNone;

constexpr PublishedSource kSkyworkReport{
    "Skywork-VL Reward, arXiv 2505.07263",
    "https://arxiv.org/abs/2505.07263",
    "2025-05",
    "not stated",
    "Overall, which needs no groups; Macro only if its groups are vlrm's, which is not known",
    1250};
constexpr PublishedSource kVlmEvalKit{"VLMEvalKit, pull request 703",
                                      "https://github.com/open-compass/VLMEvalKit/pull/703",
                                      "2025-01",
                                      "183/749/318, as vlrm's",
                                      "Overall and Macro",
                                      1250};
constexpr PublishedSource kMsrl{
    "MSRL, arXiv 2603.25108",
    "https://arxiv.org/abs/2603.25108",
    "2026-03",
    "not stated",
    "not known, since the abstract does not say whether its figure (with ?) is Overall or Macro",
    1250};
constexpr PublishedSource kMultimodalPaper{
    "Multimodal RewardBench, arXiv 2502.14191", "https://arxiv.org/abs/2502.14191", "2025-02",
    "none: the mean of all rows",
    "roughly: the paper has 5211 rows, and the release leaves out those of Hateful Memes"};

constexpr std::string_view kVl = "vl-rewardbench", kVlTitle = "VL-RewardBench";
constexpr std::string_view kMultimodal = "multimodal-rewardbench", kMultimodalTitle = "Multimodal RewardBench";
constexpr std::string_view kJudge = "judge", kReward = "reward model";

std::vector<const PublishedSource*> sources_of(const std::vector<const PublishedFigure*>& figures) {
  std::vector<const PublishedSource*> sources;
  for (const PublishedFigure* figure : figures)
    if (std::ranges::find(sources, figure->source) == sources.end()) sources.push_back(figure->source);
  return sources;
}

// The figures to show, a benchmark after the other.
std::vector<std::vector<const PublishedFigure*>> chosen_figures(const std::vector<RunSummary>& runs) {
  std::vector<std::vector<const PublishedFigure*>> chosen;
  for (const PublishedFigure& figure : published_figures()) {
    const bool wanted = runs.empty() || std::ranges::any_of(runs, [&](const RunSummary& run) {
                          return is_named(run.info.benchmark, figure.benchmark);
                        });
    if (!wanted) continue;
    if (chosen.empty() || chosen.back().front()->benchmark != figure.benchmark) chosen.emplace_back();
    chosen.back().push_back(&figure);
  }
  return chosen;
}

std::string percent_text(const std::optional<double>& percent, int digits) {
  return percent ? number(*percent, digits) : "";
}

std::optional<double> percent_of(const RunSummary& run, bool (*is_wanted)(Figure)) {
  for (const Metric& metric : run.metrics)
    if (is_wanted(metric.figure)) return metric.percent;
  return std::nullopt;
}

// That regroup gave, as it stands in the title; "" for the benchmark's own.
std::string grouping_of(const RunSummary& run) {
  const BenchmarkKind& kind = run.info.benchmark;
  for (const Grouping& known : kind.groupings)
    if (kind.title.ends_with(fmt::format("({} grouping)", known.name))) return known.name;
  return "";
}

std::vector<std::string> row_of_run(const RunSummary& run, const std::string& label, const TableOptions& options) {
  const std::string grouping = grouping_of(run);
  const auto macro = percent_of(run, [](Figure figure) { return figure == Figure::macro; });
  return {label + (run.complete ? "" : "†"), "", percent_text(percent_of(run, is_of_all_rows), options.digits),
          percent_text(macro, options.digits),
          grouping.empty() ? "this run" : fmt::format("this run, {} grouping", grouping)};
}

Grid published_table(const std::vector<const PublishedFigure*>& figures, const std::vector<RunSummary>& runs,
                     const TableOptions& options) {
  Grid grid;
  grid.title = fmt::format("{}: published figures, not measured here", figures.front()->title);
  grid.columns = {{"", "Model"}, {"", "Kind"}, {"", "Overall"}, {"", "Macro"}, {"", "Source"}};
  bool unfinished = false;
  std::string grouping;
  std::vector<std::string> of_other_rows;
  for (const auto& benchmark : by_benchmark(runs)) {
    if (!is_named(benchmark.front()->info.benchmark, figures.front()->benchmark)) continue;
    const auto labels = distinct_labels(benchmark);
    for (size_t i = 0; i < benchmark.size(); ++i) {
      grid.rows.push_back(row_of_run(*benchmark[i], labels[i], options));
      unfinished = unfinished || !benchmark[i]->complete;
      grouping = grouping_of(*benchmark[i]);  // all have the same
      const int64_t rows = figures.front()->source->rows;
      if (rows > 0 && benchmark[i]->rows != rows)
        of_other_rows.push_back(fmt::format("{} ({} rows)", labels[i], benchmark[i]->rows));
    }
  }
  const auto sources = sources_of(figures);
  for (const PublishedFigure* figure : figures) {
    const auto number_of_source = std::ranges::find(sources, figure->source) - sources.begin() + 1;
    grid.rows.push_back({std::string(figure->model), std::string(figure->kind),
                         figure->unstated ? number(*figure->unstated, 1) + "?" : percent_text(figure->overall, 1),
                         percent_text(figure->macro, 1),
                         fmt::format("({}) {}", number_of_source, figure->source->date)});
  }
  if (unfinished) grid.notes.emplace_back("† unfinished.");
  if (!of_other_rows.empty())
    grid.notes.push_back(fmt::format("Not comparable, as not over the {} rows of the published figures: {}.",
                                     figures.front()->source->rows, joined(of_other_rows)));
  if (!grouping.empty())
    grid.notes.push_back(fmt::format(
        "Not comparable: Macro of the runs here, whose groups are those of the {} grouping, and published Macros.",
        grouping));
  for (size_t i = 0; i < sources.size(); ++i)
    grid.notes.push_back(fmt::format("({}) {}, {}. Groups: {}. Comparable: {}.", i + 1, sources[i]->name,
                                     sources[i]->date, sources[i]->grouping, sources[i]->comparable));
  for (const PublishedFigure* figure : figures)
    if (!figure->note.empty()) grid.notes.push_back(fmt::format("{}: {}.", figure->model, figure->note));
  grid.title = escaped(grid.title, options.layout);
  for (auto& row : grid.rows)
    for (std::string& cell : row) cell = escaped(cell, options.layout);
  for (std::string& note : grid.notes) note = escaped(note, options.layout);
  return grid;
}

OrderedJson or_nothing(const std::optional<double>& value) {
  return value ? OrderedJson(*value) : OrderedJson(nullptr);
}

}  // namespace

const std::vector<PublishedFigure>& published_figures() {
  static const std::vector<PublishedFigure> all{
      {kVl, kVlTitle, "MSRL", kJudge, kNone, kNone, &kMsrl, "", 75.9},
      {kVl, kVlTitle, "Skywork-VL-Reward-7B", kReward, 73.1, kNone, &kSkyworkReport},
      {kVl, kVlTitle, "GPT-4o-1120", kJudge, 70.2, 65.5, &kVlmEvalKit},
      {kVl, kVlTitle, "Gemini-2.0-flash-exp", kJudge, 68.8, 64.5, &kSkyworkReport},
      {kVl, kVlTitle, "Gemini-1.5-Pro", kJudge, 67.2, 62.5, &kSkyworkReport},
      {kVl, kVlTitle, "IXC-2.5-Reward-7B", kReward, 66.3, 68.6, &kSkyworkReport,
       "users could not reproduce its figures (InternLM-XComposer, issue 480)"},
      {kVl, kVlTitle, "GPT-4o-0806", kJudge, 65.8, 62.4, &kSkyworkReport},
      {kVl, kVlTitle, "InternVL3-8B", kJudge, 57.0, 55.6, &kSkyworkReport},
      {kVl, kVlTitle, "Claude-3.5-Sonnet", kJudge, 55.3, 53.6, &kSkyworkReport},
      {kVl, kVlTitle, "Qwen2.5-VL-72B", kJudge, 51.6, 52.7, &kSkyworkReport},
      {kVl, kVlTitle, "Qwen2.5-VL-7B", kJudge, 48.0, 49.5, &kSkyworkReport},
      {kVl, kVlTitle, "Qwen2-VL-7B", kJudge, 28.3, 33.9, &kSkyworkReport},
      {kMultimodal, kMultimodalTitle, "Claude 3.5 Sonnet", kJudge, 72.0, kNone, &kMultimodalPaper},
      {kMultimodal, kMultimodalTitle, "Gemini 1.5 Pro", kJudge, 72.0, kNone, &kMultimodalPaper},
      {kMultimodal, kMultimodalTitle, "GPT-4o", kJudge, 71.5, kNone, &kMultimodalPaper},
      {kMultimodal, kMultimodalTitle, "Llama-3.2-90B", kJudge, 62.4, kNone, &kMultimodalPaper},
      {kMultimodal, kMultimodalTitle, "Llama-3.2-11B", kJudge, 52.4, kNone, &kMultimodalPaper,
       "35.5 in the group safety"},
  };
  return all;
}

std::vector<Grid> published_tables(const std::vector<RunSummary>& runs, const TableOptions& options) {
  std::vector<Grid> grids;
  for (const auto& figures : chosen_figures(runs)) grids.push_back(published_table(figures, runs, options));
  return grids;
}

OrderedJson published_json(const std::vector<RunSummary>& runs) {
  OrderedJson all = OrderedJson::array();
  for (const auto& figures : chosen_figures(runs)) {
    OrderedJson benchmark{{"benchmark", figures.front()->benchmark},
                          {"title", figures.front()->title},
                          {"measured_here", false},
                          {"figures", OrderedJson::array()}};
    for (const PublishedFigure* figure : figures)
      benchmark["figures"].push_back({{"model", figure->model},
                                      {"kind", figure->kind},
                                      {"overall", or_nothing(figure->overall)},
                                      {"macro", or_nothing(figure->macro)},
                                      {"unstated", or_nothing(figure->unstated)},
                                      {"source", figure->source->name},
                                      {"url", figure->source->url},
                                      {"date", figure->source->date},
                                      {"grouping", figure->source->grouping},
                                      {"comparable", figure->source->comparable},
                                      {"note", figure->note}});
    all.push_back(std::move(benchmark));
  }
  return all;
}

}  // namespace vlrm
