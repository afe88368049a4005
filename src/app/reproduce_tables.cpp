#include "app/reproduce_tables.h"

#include "base/error.h"
#include "base/joined.h"
#include "base/version.h"
#include "results/tables.h"
#include "tasks/benchmark_table.h"

namespace vlrm {
namespace {

constexpr int kPlanFormat = 1;

bool is_done(const ReproduceStep& step) {
  return step.state == ReproduceStep::State::done;
}

std::string title_of_validation(const std::string& name) {
  return find_benchmark(all_benchmarks(), name)->kind.full_title();
}

}  // namespace

std::string state_name(ReproduceStep::State state) {
  switch (state) {
    case ReproduceStep::State::done:
      return "done";
    case ReproduceStep::State::left:
      return "left";
    case ReproduceStep::State::missing:
      return "missing";
    case ReproduceStep::State::waiting:
      return "waiting";
  }
  return "";
}

PaperTables::PaperTables(const PaperSetup& setup, const std::vector<ReproduceStep>& steps)
    : setup_(setup), steps_(steps) {
  read_runs();
  for (const auto& rm : setup_.rms())
    for (const std::string& validation : setup_.validations())
      for (const PaperMethod& method : setup_.methods())
        if (auto chosen = setup_.chosen(rm, method.name, validation)) chosen_.push_back(std::move(*chosen));
}

void PaperTables::read_runs() {
  for (const ReproduceStep& step : steps_) {
    if (!is_done(step) || !step.name.starts_with("test/")) continue;
    const std::filesystem::path folder = setup_.path(step.name);
    folders_.push_back(folder.string());
    runs_.emplace(step.name, summarize(read_run(folder, all_kinds())));
  }
  for (const ReproduceStep& step : steps_)
    if (is_done(step) && step.name.starts_with("validation/")) folders_.push_back(setup_.path(step.name).string());
}

PaperTables::Rows PaperTables::main_rows(const TextModel& rm) const {
  const std::string folder = "test/" + rm.folder + "/";
  // Random first: it needs no model, so that columns keep their order whatever is missing.
  Rows rows{{"Random", "test/random/"},
            {setup_.vlm_title() + ", judge", "test/judge/"},
            {rm.title + ", text only", folder + "text-only/"},
            {"Cascade", folder + "cascade/"}};
  for (const PaperMethod& method : setup_.methods()) rows.emplace_back(method.title, folder + method.name + "/");
  return rows;
}

PaperTables::Rows PaperTables::image_rows(const TextModel& rm) const {
  Rows rows;
  for (const PaperMethod& method : setup_.methods()) {
    const std::string folder = fmt::format("test/{}/{}", rm.folder, method.name);
    rows.emplace_back(method.title, folder + "/");
    rows.emplace_back(fmt::format("{}, no image", method.title), folder + "-no-image/");
  }
  return rows;
}

Grid PaperTables::table(const std::string& title, const Rows& rows, Layout layout) const {
  std::vector<RunSummary> runs;
  std::vector<std::string> missing;
  for (const auto& [label, begin] : rows)
    for (const PaperBenchmark& test : setup_.tests()) {
      const auto run = runs_.find(begin + test.name);
      if (run == runs_.end()) {
        missing.push_back(fmt::format("{} on {}", label, title_of_validation(test.name)));
        continue;
      }
      runs.push_back(run->second);
      runs.back().info.label = label;
      runs.back().info.limited = false;  // one note says it of all
    }
  TableOptions options;
  options.layout = layout;
  options.intervals = layout != Layout::text;
  Grid grid = joint_table(runs, options);
  grid.title = escaped(title, layout);
  if (setup_.options().limit)
    grid.notes.push_back(
        escaped(fmt::format("Only the first {} rows of each benchmark.", *setup_.options().limit), layout));
  if (!missing.empty()) grid.notes.push_back(escaped(fmt::format("Missing: {}.", joined(missing, "; ")), layout));
  return grid;
}

Grid PaperTables::chosen_table(Layout layout) const {
  Grid grid;
  grid.title = escaped("Recipes, chosen on validation rows", layout);
  grid.columns = {{"", "Method"}};
  for (const std::string& validation : setup_.validations()) {
    const std::string title = escaped(title_of_validation(validation), layout);
    grid.columns.push_back({layout == Layout::markdown ? "" : title, "Recipe"});
    grid.columns.push_back({layout == Layout::markdown ? "" : title, layout == Layout::markdown ? title : "Accuracy"});
  }
  bool equals = false;
  for (const auto& rm : setup_.rms())
    for (const PaperMethod& method : setup_.methods()) {
      std::vector<std::string> cells{
          escaped(setup_.rms().size() == 1 ? method.title : fmt::format("{}, {}", method.title, rm.title), layout)};
      for (const std::string& validation : setup_.validations()) {
        const ChosenRecipe* one = chosen(rm, method.name, validation);
        equals = equals || (one != nullptr && !one->equals.empty());
        cells.push_back(one == nullptr ? "" : escaped(one->recipe + (one->equals.empty() ? "" : " ="), layout));
        cells.push_back(one == nullptr ? "missing" : fmt::format("{:.1f}", one->percent));
      }
      grid.rows.push_back(std::move(cells));
    }
  for (const ChosenRecipe& one : chosen_)
    if (!one.warning.empty())
      grid.notes.push_back(
          escaped(fmt::format("{}/{}/{}: {}", one.rm, one.validation, one.recipe, one.warning), layout));
  if (equals)
    grid.notes.push_back(escaped("= others have the same accuracy; the first of the sweep is taken.", layout));
  return grid;
}

const ChosenRecipe* PaperTables::chosen(const TextModel& rm, const std::string& method,
                                        const std::string& validation) const {
  for (const ChosenRecipe& one : chosen_)
    if (one.rm == rm.folder && one.method == method && one.validation == validation) return &one;
  return nullptr;
}

std::string PaperTables::text(Layout layout, std::optional<size_t> width) const {
  std::vector<std::string> tables;
  for (const auto& rm : setup_.rms()) {
    tables.push_back(rendered(
        table(fmt::format("{} merged with {}", setup_.vlm_title(), rm.title), main_rows(rm), layout), layout, width));
    tables.push_back(rendered(table(fmt::format("{} merged with {}: without the image", setup_.vlm_title(), rm.title),
                                    image_rows(rm), layout),
                              layout, width));
  }
  tables.push_back(rendered(chosen_table(layout), layout, width));
  return joined(tables, "\n");
}

// Without what only concerns this machine: the place of the output.
OrderedJson PaperTables::settings() const {
  const ReproduceOptions& options = setup_.options();
  OrderedJson json{{"vlm", options.vlm}, {"rm", options.rm}, {"base", options.base}};
  json["benchmarks"] = OrderedJson::array();
  for (const PaperBenchmark& test : setup_.tests()) json["benchmarks"].push_back(test.name);
  json["recipes"] = OrderedJson::array();
  for (const NamedRecipe& recipe : setup_.recipes())
    json["recipes"].push_back({{"name", recipe.name()}, {"digest", recipe.digest}});
  for (const auto& [name, named] : {std::pair("data", &options.data), std::pair("responses", &options.responses),
                                    std::pair("captions", &options.captions)}) {
    json[name] = OrderedJson::object();
    for (const auto& [benchmark, place] : *named) json[name][benchmark] = place;
  }
  json["limit"] = options.limit ? OrderedJson(*options.limit) : OrderedJson(nullptr);
  json["device"] = options.model.device;
  json["dtype"] = options.model.dtype;
  json["batch_samples"] = options.batch_samples;
  return json;
}

OrderedJson PaperTables::plan() const {
  OrderedJson json{{"format", kPlanFormat}, {"vlrm", version()}, {"paper", "arXiv 2502.13487"}};
  json["settings"] = settings();
  json["chosen"] = OrderedJson::array();
  for (const ChosenRecipe& one : chosen_) {
    OrderedJson tests = OrderedJson::array();
    for (const PaperBenchmark& test : setup_.tests())
      if (one.validation == test.validation) tests.push_back(test.name);
    json["chosen"].push_back({{"rm", one.rm},
                              {"method", one.method},
                              {"recipe", one.recipe},
                              {"validation", one.validation},
                              {"percent", one.percent},
                              {"rows", one.rows},
                              {"candidates", one.candidates},
                              {"equals", one.equals},
                              {"benchmarks", std::move(tests)}});
    if (!one.warning.empty()) json["chosen"].back()["warning"] = one.warning;
  }
  json["steps"] = OrderedJson::array();
  for (const ReproduceStep& step : steps_) {
    OrderedJson one{{"name", step.name}, {"state", state_name(step.state)}};
    if (!step.why.empty()) one["why"] = step.why;
    json["steps"].push_back(std::move(one));
  }
  return json;
}

}  // namespace vlrm
