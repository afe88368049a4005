// A benchmark that the program does not have, from its dataset to tables and a page: its spec is all that it takes.
#include "eval/evaluation.h"
#include "report/report.h"
#include "results/tables.h"
#include "support/support.h"
#include "tasks/benchmark_table.h"
#include "tasks/row_fields.h"

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

namespace vlrm::testing {
namespace {

BenchmarkRow colour_row(Row& row) {
  const RowFields fields(row);
  BenchmarkRow made;
  made.id = fields.any("number");
  made.query = fields.text("asked");
  made.responses = {fields.text("good"), fields.text("bad")};
  made.fields = {{"ground_truth", {0, 1}}};
  made.group = fields.text("colour") == "red" ? 0 : 1;
  return made;
}

const BenchmarkSpec kColours{
    .kind = {.task = "colour-bench",
             .title = "ColourBench",
             .figures = {Figure::overall, Figure::group, Figure::macro},
             .groups = {"Red", "Other"}},
    .columns = {{"number", "asked", "good", "bad", "colour"}},
    .row = colour_row,
    .summary = "pairs in two groups",
};

// The same as best of N, whose dataset holds the responses and how correct they are.
BenchmarkRow marked_row(Row& row) {
  BenchmarkRow made = colour_row(row);
  made.fields = {{"id", made.id}, {"input", made.query}, {"responses", made.responses}, {"correctness", {true, false}}};
  return made;
}

const BenchmarkSpec kMarked{
    .kind = {.task = "marked-bench",
             .title = "MarkedBench",
             .shape = {RowKind::best_of_n, true},
             .figures = {Figure::group, Figure::macro, Figure::overall, Figure::pass_n},
             .groups = {"Red", "Other"}},
    .columns = {{"number", "asked", "good", "bad", "colour"}},
    .row = marked_row,
    .summary = "marked responses in two groups",
};

class NewBenchmark : public ::testing::Test {
 protected:
  NewBenchmark() {
    std::string lines;
    for (int i = 0; i < 6; ++i)
      lines += OrderedJson{{"number", i},
                           {"asked", fmt::format("question {}", i)},
                           {"good", "yes"},
                           {"bad", "no"},
                           {"colour", i % 3 == 0 ? "red" : "green"}}
                   .dump() +
               "\n";
    write_text(folder_ / "rows.jsonl", lines);
  }
  std::filesystem::path evaluated(const BenchmarkSpec& spec) const {
    EvaluationOptions options;
    options.mode = EvaluationMode::random;
    options.output = folder_ / spec.name();
    options.label = "drawn";
    Evaluation evaluation(open_benchmark(spec, {(folder_ / "rows.jsonl").string(), "", ""}), options);
    if (!evaluation.finished()) evaluation.draw();
    return folder_ / spec.name();
  }
  TemporaryDirectory folder_;
};

TEST_F(NewBenchmark, GroupsAreWrittenBesideTheRows) {
  const auto folder = evaluated(kColours);
  const OrderedJson settings = read_ordered_json_or_throw(folder / "run.json");
  EXPECT_EQ(settings.at("task"), "colour-bench");
  EXPECT_EQ(settings.at("groups").dump(), R"({"names":["Red","Other"],"rows":[0,1,1,0,1,1]})");
  EXPECT_THAT(read_text_or_throw(folder / "results.jsonl"), ::testing::Not(HasSubstr("group")));
}

TEST_F(NewBenchmark, IsReadSummedUpAndCompared) {
  const BenchmarkKinds kinds = kinds_of({&kColours});
  const RunResults run = read_run(evaluated(kColours), kinds);
  std::vector<size_t> groups;
  for (const Outcome& row : run.outcomes) groups.push_back(row.group);
  EXPECT_THAT(groups, ElementsAre(0, 1, 1, 0, 1, 1));
  const std::string table = rendered(benchmark_tables({summarize(run)}, {}).at(0), Layout::text);
  EXPECT_THAT(table, AllOf(HasSubstr("ColourBench\n"), HasSubstr("Method  Samples")));
  const auto place = [&](const char* name) { return table.find(name); };
  EXPECT_LT(place("Overall"), place("Red"));
  EXPECT_LT(place("Red"), place("Other"));
  EXPECT_LT(place("Other"), place("Macro"));
  EXPECT_EQ(compare(run, run).metrics.size(), 4U);
  EXPECT_THAT(error_of([&] { read_run(evaluated(kColours) / "results.jsonl", kinds); }),
              HasSubstr("results.jsonl: no run.json says the groups of its rows"));
}

TEST_F(NewBenchmark, IsAnErrorToAProgramWithoutIt) {
  EXPECT_THAT(error_of([&] { read_run(evaluated(kColours), all_kinds()); }),
              HasSubstr("unknown task \"colour-bench\"; known are vl-rewardbench, rlaif-v, "));
}

TEST_F(NewBenchmark, HasAPageWithItsGroups) {
  ReportOptions options;
  options.data = {{"colour_bench", (folder_ / "rows.jsonl").string()}};
  const Report report = make_report({evaluated(kColours).string()}, options, {&kColours});
  EXPECT_THAT(report.page, HasSubstr(R"("groups":[0,1,1,0,1,1],"group_names":["Red","Other"])"));
  EXPECT_THAT(report.page, HasSubstr("question 5"));  // from the dataset
}

TEST_F(NewBenchmark, MayBeBestOfNWithGroups) {
  const RunResults run = read_run(evaluated(kMarked), kinds_of({&kMarked}));
  std::vector<std::string> names;
  for (const Metric& metric : summarize(run).metrics) names.push_back(metric.name);
  EXPECT_THAT(names, ElementsAre("Red", "Other", "Macro", "Overall", "Pass@2"));
  EXPECT_FALSE(compare(run, run).metrics.at(0).only_a);  // by bootstrap
  EXPECT_EQ(summarize(run).metrics.back().percent, 100);
}

TEST_F(NewBenchmark, OldResultsNeedTheGroupOfAnId) {
  const auto folder = evaluated(kColours);
  OrderedJson settings = read_ordered_json_or_throw(folder / "run.json");
  settings.erase("groups");
  write_text(folder / "run.json", settings.dump());
  EXPECT_THAT(error_of([&] { read_run(folder, kinds_of({&kColours})); }),
              HasSubstr("colour-bench: no run.json says the groups of its rows; evaluate again with `force`"));
  BenchmarkSpec by_id = kColours;
  by_id.kind.group_of_id = [](std::string_view id) -> size_t { return id == "0" ? 0 : 1; };
  EXPECT_EQ(read_run(folder, kinds_of({&by_id})).outcomes.at(3).group, 1U);
}

}  // namespace
}  // namespace vlrm::testing
