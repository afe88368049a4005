#include "report/report.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/error.h"
#include "base/joined.h"
#include "base/progress.h"
#include "base/version.h"
#include "report/gallery.h"
#include "report/page.h"
#include "report/provenance.h"
#include "report/sweeps.h"
#include "results/run_reader.h"
#include "results/selection.h"
#include "results/statistics.h"
#include "results/tables.h"

namespace vlrm {
namespace {

constexpr int64_t kComparedRows = 200'000;  // of all comparisons together: seconds of work
constexpr size_t kNamed = 3;                // benchmarks, in the title
const TableOptions kTables{.layout = Layout::html};

struct Runs {
  std::vector<RunResults> results;
  std::vector<RunSummary> summaries;

  const RunResults* results_of(const RunSummary* summary) const { return &results[summary - summaries.data()]; }
};

Runs read_runs(const std::vector<std::string>& paths, const std::string& grouping, const Benchmarks& benchmarks) {
  Runs runs;
  RunReader reader(kinds_of(benchmarks), grouping);
  for (const auto& run : expand_results(paths)) runs.results.push_back(reader.read(run));
  reader.check_grouping();
  if (runs.results.empty()) fail("name result folders");
  for (const RunResults& run : runs.results) runs.summaries.push_back(summarize(run));
  mark_selected(runs.summaries);
  return runs;
}

double overall(const RunSummary& run) {
  for (const Metric& metric : run.metrics)
    if (is_of_all_rows(metric.figure)) return metric.percent.value_or(-1);
  return -1;
}

// Adds to each figure's p what Holm's correction over these comparisons makes of it.
void add_corrected_p(OrderedJson& comparisons) {
  std::map<std::string, std::vector<OrderedJson*>> figures;  // the same one of each comparison
  for (OrderedJson& comparison : comparisons)
    for (OrderedJson& metric : comparison.at("metrics")) figures[metric.at("name")].push_back(&metric);
  for (const auto& [name, metrics] : figures) {
    std::vector<double> p_values;
    for (const OrderedJson* metric : metrics) p_values.push_back(metric->at("p"));
    const std::vector<double> corrected = holm_corrected(p_values);
    for (size_t i = 0; i < metrics.size(); ++i) (*metrics[i])["p_holm"] = corrected[i];
  }
}

// Of all pairs of runs; where these are too many, of all with the best one.
OrderedJson comparisons_json(const std::vector<const RunResults*>& runs, const std::vector<double>& accuracies) {
  OrderedJson all = OrderedJson::array();
  const auto count = static_cast<int64_t>(runs.size());
  const int64_t rows = static_cast<int64_t>(runs.front()->outcomes.size());
  const bool every = count * (count - 1) / 2 * rows <= kComparedRows;
  const auto best = static_cast<size_t>(std::ranges::max_element(accuracies) - accuracies.begin());
  for (size_t a = 0; a < runs.size(); ++a)
    for (size_t b = a + 1; b < runs.size(); ++b) {
      if (!(every || a == best || b == best) || !runs[a]->scored() || !runs[b]->scored()) continue;
      OrderedJson item = comparison_json(compare(*runs[a], *runs[b]));
      item["a"] = a;
      item["b"] = b;
      all.push_back(std::move(item));
    }
  add_corrected_p(all);
  return all;
}

std::string section(const std::string& id, const std::string& title, const std::string& table) {
  return fmt::format(
      "<section class=\"benchmark\" id=\"{0}\" aria-labelledby=\"{0}-title\">\n<h2 id=\"{0}-title\">{1}</h2>\n{2}"
      "<div class=\"figures\"></div>\n</section>\n",
      id, title, table);
}

std::string tables_html(const Runs& runs) {
  std::vector<Grid> tables = benchmark_tables(runs.summaries, kTables);
  std::string html;
  for (size_t i = 0; i < tables.size(); ++i) {
    const std::string title = std::exchange(tables[i].title, "");
    html += section(fmt::format("benchmark-{}", i), title, rendered(tables[i], Layout::html));
  }
  return html;
}

OrderedJson benchmark_json(const std::vector<const RunSummary*>& runs) {
  OrderedJson json{{"name", runs.front()->info.benchmark.full_title()},
                   {"runs", OrderedJson::array()},
                   {"sweeps", sweeps_json(runs)}};
  const auto labels = distinct_labels(runs);
  for (size_t i = 0; i < runs.size(); ++i) {
    OrderedJson run = summary_json(*runs[i]);
    run["label"] = labels[i];
    run["made"] = provenance_json(runs[i]->path);
    json["runs"].push_back(std::move(run));
  }
  return json;
}

// The user's title, or one that says of what these few benchmarks are.
std::string title_of_page(const ReportOptions& options, const std::vector<std::vector<const RunSummary*>>& benchmarks) {
  if (options.title != ReportOptions().title || benchmarks.size() > kNamed) return options.title;
  std::vector<std::string> names;
  for (const auto& benchmark : benchmarks) names.push_back(benchmark.front()->info.benchmark.full_title());
  return fmt::format("{}: {}", options.title, joined(names));
}

// The dataset that the user names for this benchmark, or "".
std::string chosen_data(const ReportOptions& options, const BenchmarkKind& kind) {
  for (const std::string& name : {kind.subtask, kind.task, std::string()})
    for (const auto& [given, data] : options.data)
      if (same_name(given, name)) return data;
  return "";
}

void check_data_names(const ReportOptions& options, const std::vector<RunSummary>& runs, size_t benchmarks) {
  for (const auto& [name, data] : options.data) {
    if (name.empty() && benchmarks > 1)
      fail("`data` {}: there are {} benchmarks; say whose data it is, as in `data` {}={}", printable(data), benchmarks,
           runs[0].info.benchmark.name(), printable(data));
    const bool known = name.empty() || std::ranges::any_of(runs, [&name = name](const RunSummary& run) {
                         return is_named(run.info.benchmark, name);
                       });
    if (!known) fail("`data` {}={}: no result is of {}", printable(name), printable(data), printable(name));
  }
}

// A gallery and what it needs to be shown: which runs of which benchmark it is of.
struct Shown {
  size_t benchmark;
  std::vector<size_t> runs;
  OrderedJson comparisons;
};

class Maker {
 public:
  Maker(Runs runs, const ReportOptions& options, const Benchmarks& benchmarks)
      : runs_(std::move(runs)),
        options_(options),
        benchmarks_(benchmarks),
        thumbnails_(options.thumbnail, options.bytes, options.allow_outside) {}

  Report make() {
    const auto benchmarks = by_benchmark(runs_.summaries);
    check_data_names(options_, runs_.summaries, benchmarks.size());
    for (size_t i = 0; i < benchmarks.size(); ++i) add_galleries(i, benchmarks[i]);
    shorten_texts(galleries_, options_.bytes * 4 / 10);
    PageContent content{title_of_page(options_, benchmarks), tables_html(runs_), {}, {}};
    content.data = data_json(benchmarks);
    fit_images(content);
    content.images = thumbnails_.files();
    return {make_page(content), notes()};
  }

 private:
  // Where runs are of different samples, a dataset that the user names need only be that of some.
  Gallery gallery_of(const std::vector<const RunResults*>& set, const std::string& data, size_t sets, size_t& misfits) {
    try {
      return read_gallery(set, data, options_.samples, thumbnails_, benchmarks_);
    } catch (const Error& error) {
      if (data.empty() || ++misfits == sets) throw;
      Gallery gallery = read_gallery(set, "", options_.samples, thumbnails_, benchmarks_);
      gallery.notes.emplace_back(error.what());
      return gallery;
    }
  }

  void add_galleries(size_t benchmark, const std::vector<const RunSummary*>& summaries) {
    std::vector<const RunResults*> runs;
    for (const RunSummary* summary : summaries) runs.push_back(runs_.results_of(summary));
    const auto sets = by_samples(runs);
    size_t misfits = 0;
    for (const auto& set : sets) {
      galleries_.push_back(gallery_of(set, chosen_data(options_, set.front()->info.benchmark), sets.size(), misfits));
      Shown shown{benchmark, {}, {}};
      std::vector<double> accuracies;
      for (const RunResults* run : set) {
        shown.runs.push_back(static_cast<size_t>(std::ranges::find(runs, run) - runs.begin()));
        accuracies.push_back(overall(*summaries[shown.runs.back()]));
      }
      shown.comparisons = comparisons_json(set, accuracies);
      shown_.push_back(std::move(shown));
    }
  }

  OrderedJson data_json(const std::vector<std::vector<const RunSummary*>>& benchmarks) const {
    OrderedJson json{{"vlrm", version()}, {"benchmarks", OrderedJson::array()}, {"galleries", OrderedJson::array()}};
    for (const auto& benchmark : benchmarks) json["benchmarks"].push_back(benchmark_json(benchmark));
    for (size_t i = 0; i < galleries_.size(); ++i) {
      OrderedJson gallery = gallery_json(galleries_[i]);
      for (size_t k = 0; k < shown_[i].runs.size(); ++k) gallery["runs"][k]["run"] = shown_[i].runs[k];
      gallery["benchmark"] = shown_[i].benchmark;
      gallery["comparisons"] = shown_[i].comparisons;
      json["galleries"].push_back(std::move(gallery));
    }
    return json;
  }

  void fit_images(const PageContent& content) {
    const auto size = static_cast<int64_t>(make_page(content).size());
    constexpr int64_t kAround = 26;  // an address without its picture, quotes and a comma
    const int64_t around = static_cast<int64_t>(thumbnails_.files().size()) * kAround;
    if (size + around >= options_.bytes)
      fail("the page cannot be below {}: {} without a picture; `samples` takes fewer samples",
           human_bytes(static_cast<double>(options_.bytes)), human_bytes(static_cast<double>(size)));
    thumbnails_.fit(options_.bytes - size - around - 1);
  }

  std::vector<std::string> notes() const {
    std::vector<std::string> all;
    for (const Gallery& gallery : galleries_) all.insert(all.end(), gallery.notes.begin(), gallery.notes.end());
    if (thumbnails_.unreadable() > 0)
      all.push_back(
          fmt::format("{} images could not be read, first: {}", thumbnails_.unreadable(), thumbnails_.first_error()));
    if (thumbnails_.left_out() > 0)
      all.push_back(fmt::format("{} images are left out to keep the page below {}", thumbnails_.left_out(),
                                human_bytes(static_cast<double>(options_.bytes))));
    return all;
  }

  const Runs runs_;
  const ReportOptions& options_;
  const Benchmarks& benchmarks_;
  Thumbnails thumbnails_;
  std::vector<Gallery> galleries_;
  std::vector<Shown> shown_;  // a gallery
};

}  // namespace

Report make_report(const std::vector<std::string>& results, const ReportOptions& options,
                   const Benchmarks& benchmarks) {
  return Maker(read_runs(results, options.grouping, benchmarks), options, benchmarks).make();
}

}  // namespace vlrm
