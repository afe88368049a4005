#include "results/tables.h"

#include <algorithm>
#include <cmath>
#include <sstream>

#include "runs.h"
#include "support/support.h"

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

namespace vlrm::testing {
namespace {

RunSummary vl_rewardbench(const std::string& label, const std::vector<double>& margins) {
  static const std::vector<std::string> ids{"wild", "RLHF-V", "mathverse", "wild"};
  std::vector<Outcome> rows;
  for (size_t i = 0; i < margins.size(); ++i) rows.push_back(pair(ids[i % ids.size()], margins[i]));
  return summarize(run_of(kVlRewardBench, label, rows));
}

RunSummary text_vqa(const std::string& label, double score) {
  RunResults run = run_of(kTextVqa, label, {outcome({0.3, 1}, {score, 1}), outcome({0, 0.9}, {0, 1})});
  return summarize(run);
}

TableOptions plain(Layout layout) {
  return {layout, 1, false};
}

std::string first_table(const std::vector<RunSummary>& runs, const TableOptions& options) {
  return rendered(benchmark_tables(runs, options).at(0), options.layout);
}

TEST(Tables, TextMarksTheBest) {
  EXPECT_EQ(first_table({vl_rewardbench("ties λ=0.7", {1, -1, 1, 1}), vl_rewardbench("linear", {-1, -1, 1, 1})},
                        plain(Layout::text)),
            "VL-RewardBench\n"
            "Method      Samples  General  Hallucination  Reasoning  Overall  Macro\n"
            "ties λ=0.7        4   *100.0           *0.0     *100.0    *75.0  *66.7\n"
            "linear            4     50.0           *0.0     *100.0     50.0   50.0\n"
            "* best of the complete runs.\n");
}

// The bootstrap would say 100 to 100.
TEST(Tables, AllRightIsNotWithoutDoubt) {
  const RunSummary all = vl_rewardbench("a", std::vector<double>(40, 1.0));
  for (const Metric& metric : all.metrics) {
    if (metric.figure != Figure::overall) continue;
    EXPECT_NEAR(metric.interval->low, 91.24, 0.01);
    EXPECT_DOUBLE_EQ(metric.interval->high, 100);
    EXPECT_DOUBLE_EQ(metric.interval->low, metric.wilson->low);
  }
  const RunSummary none = vl_rewardbench("b", std::vector<double>(40, -1.0));
  EXPECT_GT(none.metrics.front().interval->high, 10);
}

TEST(Tables, MarkdownIsAligned) {
  EXPECT_EQ(first_table({vl_rewardbench("a|b", {1, -1, 1, 1})}, plain(Layout::markdown)),
            "**VL-RewardBench**\n\n"
            "| Method | Samples | General | Hallucination | Reasoning | Overall | Macro |\n"
            "| ------ | ------: | ------: | ------------: | --------: | ------: | ----: |\n"
            "| a\\|b   |       4 |   100.0 |           0.0 |     100.0 |    75.0 |  66.7 |\n");
}

TEST(Tables, LatexHasNoBareSignsOfOtherFonts) {
  EXPECT_EQ(escaped("a|b <c>", Layout::latex), "a\\textbar{}b \\textless{}c\\textgreater{}");
}

TEST(Tables, BestOfOneShowsPassAt1Once) {
  const auto times = [](const std::string& text) {
    size_t count = 0;
    for (size_t at = text.find("Pass@1"); at != text.npos; at = text.find("Pass@1", at + 1)) ++count;
    return count;
  };
  const RunSummary one = summarize(run_of(kTextVqa, "one", {outcome({0.3}, {1}), outcome({1}, {2})}));
  EXPECT_EQ(times(first_table({one}, plain(Layout::text))), 1U);
  EXPECT_EQ(times(csv_of({one})), 1U);
  EXPECT_THAT(first_table({one, text_vqa("two", 0)}, plain(Layout::text)), HasSubstr("Pass@N"));
}

TEST(Tables, RowsLeftOutAreOfTheWholeOfTheData) {
  RunSummary run = vl_rewardbench("a", {1, -1});
  run.info.rows = 2;
  run.info.left_out = "6 rows that show a video";
  EXPECT_THAT(first_table({run}, plain(Layout::text)), HasSubstr("a: without 6 rows that show a video."));
  run.info.limited = true;
  const std::string table = first_table({run}, plain(Layout::text));
  EXPECT_THAT(table, AllOf(HasSubstr("only the first 2 rows"), Not(HasSubstr("video"))));
}

TEST(Tables, LatexIsEscaped) {
  const std::string table = first_table(
      {vl_rewardbench("ties_λ & 5%", {1, -1, 1, 1}), vl_rewardbench("[b]", {-1, 1, 1, 1})}, plain(Layout::latex));
  EXPECT_EQ(table,
            "% needs \\usepackage{booktabs}\n\\begin{table}[t]\n\\centering\n\\begin{tabular}{lrrrrr}\n\\toprule\n"
            "Method & General & Hallucination & Reasoning & Overall & Macro \\\\\n\\midrule\n"
            "ties\\_$\\lambda$ \\& 5\\% & \\textbf{100.0} & 0.0 & \\textbf{100.0} & \\textbf{75.0} & 66.7 \\\\\n"
            "{[}b{]} & 50.0 & \\textbf{100.0} & \\textbf{100.0} & \\textbf{75.0} & \\textbf{83.3} \\\\\n"
            "\\bottomrule\n\\end{tabular}\n"
            "\\caption{VL-RewardBench. Bold: best of the complete runs.}\n\\end{table}\n");
}

TEST(Tables, IntervalsStandBeneathOrBeside) {
  const std::vector<RunSummary> runs{vl_rewardbench("a", {1, 1, 1, 1})};
  EXPECT_THAT(first_table(runs, {Layout::text, 1, true}), HasSubstr("  56.6–100.0\n"));  // Macro
  EXPECT_THAT(first_table(runs, {Layout::markdown, 1, true}), HasSubstr("100.0 (56.6–100.0)"));
  EXPECT_THAT(first_table(runs, {Layout::latex, 1, true}), HasSubstr("100.0 {\\scriptsize (56.6--100.0)}"));
  EXPECT_THAT(first_table(runs, {Layout::latex, 1, true}), HasSubstr("Ranges: 95\\% intervals"));
}

TEST(Tables, AnEmptyGroupIsNotAvailable) {
  EXPECT_THAT(first_table({vl_rewardbench("a", {1})}, plain(Layout::text)),
              HasSubstr("a             1    100.0            n/a        n/a    100.0    n/a\n"));
}

TEST(Tables, UnfinishedRunsAreMarkedAndNeverBest) {
  RunResults run = run_of(kRlaifV, "half", {pair("", 1)});
  run.info.rows = 400;
  RunResults nothing = run_of(kRlaifV, "begun", {});
  nothing.info.rows = 400;
  const std::vector<RunSummary> runs{summarize(run), summarize(nothing),
                                     summarize(run_of(kRlaifV, "a", {pair("", -1)})),
                                     summarize(run_of(kRlaifV, "b", {pair("", -1)}))};
  EXPECT_EQ(first_table(runs, plain(Layout::text)),
            "RLAIF-V\n"
            "Method  Samples  Accuracy\n"
            "half     1/400†     100.0\n"
            "begun    0/400†       n/a\n"
            "a             1      *0.0\n"
            "b             1      *0.0\n"
            "* best of the complete runs. † unfinished.\n");
  EXPECT_THAT(first_table(runs, plain(Layout::latex)), HasSubstr("half$^\\dagger$ & 100.0"));
}

TEST(Tables, NoBestOfDifferentNumbersOfSamples) {
  const std::vector<RunSummary> runs{vl_rewardbench("part", {1, 1}), vl_rewardbench("whole", {1, 1, -1, 1})};
  for (const std::string& table :
       {first_table(runs, plain(Layout::text)), rendered(joint_table(runs, plain(Layout::text)), Layout::text)}) {
    EXPECT_EQ(std::ranges::count(table, '*'), 2 + 1) << table;  // Hallucination, one sample of each, and the note
    EXPECT_THAT(table, HasSubstr("No best is marked where runs have different numbers of samples."));
  }
}

TEST(Tables, ScoresThatAreNoNumbersAreTold) {
  const std::vector<RunSummary> runs{vl_rewardbench("a", {NAN, 1, -1, INFINITY}), vl_rewardbench("b", {1, 1, 1, 1})};
  const std::string told = "a: 2 of 4 rows have scores that are not finite numbers; NaN counts as the highest.";
  EXPECT_THAT(first_table(runs, plain(Layout::text)), HasSubstr("\n" + told));
  EXPECT_THAT(rendered(joint_table(runs, plain(Layout::text)), Layout::text), HasSubstr("VL-RewardBench, " + told));
  EXPECT_EQ(summary_json(runs[0]).at("not_finite"), 2);
}

TEST(Tables, GapsOfLengthDoNotOverlapInPrint) {
  RunResults run = run_of(kTextVqa, "a", {outcome({1, 0}, {1, 0}), outcome({1, 0}, {1, 0})});
  run.outcomes[0].lengths = {3, 4};
  run.outcomes[1].lengths = {4, 3};
  EXPECT_THAT(rendered(detail_tables(summarize(run), plain(Layout::text)).at(3), Layout::text),
              AllOf(HasSubstr("-0.5 to -0.5"), HasSubstr("0.5 to 0.5")));
}

TEST(Tables, ATableABenchmarkAndLabelsToldApart) {
  auto other = vl_rewardbench("a", {-1, 1, 1, 1});
  other.path = "elsewhere/a";
  const auto tables =
      benchmark_tables({vl_rewardbench("a", {1, 1, 1, 1}), text_vqa("a", 2), other}, plain(Layout::text));
  ASSERT_EQ(tables.size(), 2U);
  EXPECT_EQ(tables[1].title, "TextVQA, best of 2");
  EXPECT_EQ(tables[0].rows[1][0], "a (elsewhere/a)");
  EXPECT_THAT(rendered(tables[1], Layout::text), HasSubstr("Method  Samples  Overall  Pass@1  Pass@2  Random  Drawn\n"
                                                           "a             2     60.0    15.0    95.0    55.0"));
}

TEST(Tables, TheJointTableHasARowALabel) {
  const std::vector<RunSummary> runs{vl_rewardbench("ties", {1, 1, 1, 1}), text_vqa("ties", 2), text_vqa("linear", 0)};
  const TableOptions options = plain(Layout::text);
  EXPECT_EQ(rendered(joint_table(runs, options), Layout::text),
            "                          VL-RewardBench                   TextVQA\n"
            "Method  General  Hallucination  Reasoning  Overall  Macro  Overall\n"
            "ties      100.0          100.0      100.0    100.0  100.0     60.0\n"
            "linear                                                       *95.0\n"
            "* best of the complete runs.\n");
  EXPECT_THAT(rendered(joint_table(runs, plain(Layout::latex)), Layout::latex),
              HasSubstr(" & \\multicolumn{5}{c}{VL-RewardBench} & \\multicolumn{1}{c}{TextVQA} \\\\\n"
                        "\\cmidrule(lr){2-6} \\cmidrule(lr){7-7}\n"));
  EXPECT_THAT(rendered(joint_table(runs, plain(Layout::latex)), Layout::latex), HasSubstr("\\caption{Bold: best"));
  EXPECT_THAT(rendered(joint_table(runs, plain(Layout::markdown)), Layout::markdown), HasSubstr("| TextVQA Overall |"));
  EXPECT_THAT(error_of([&] {
                joint_table({runs[0], runs[0]}, options);
              }),
              HasSubstr("results/ties: another run of VL-RewardBench has the label \"ties\" as well"));
}

TEST(Tables, BenchmarksOfOneTitleStandUnderIt) {
  const auto mmmu = [](const BenchmarkSpec& spec) {
    return summarize(run_of(spec.kind, "a", {outcome({1, 0}, {1, 0})}));
  };
  const std::vector<RunSummary> runs{mmmu(mmmu_pro_standard_cot_benchmark), mmmu(mmmu_pro_vision_cot_benchmark)};
  EXPECT_THAT(rendered(joint_table(runs, plain(Layout::text)), Layout::text),
              HasSubstr("            MMMU-Pro\nMethod  standard  vision\n"));
  EXPECT_THAT(rendered(joint_table(runs, plain(Layout::markdown)), Layout::markdown),
              HasSubstr("| MMMU-Pro standard | MMMU-Pro vision |"));
}

TEST(Tables, OfTwoBenchmarksWithGroupsMarkdownNamesBoth) {
  BenchmarkKind other = kVlRewardBench;
  other.task = "other";
  other.title = "Other";
  other.groups = {"Maths", "<b>"};
  other.group_of_id = nullptr;
  const RunSummary run = summarize(run_of(other, "a", {pair("", 1)}));
  const std::string both =
      rendered(joint_table({vl_rewardbench("a", {1, 1, 1, 1}), run}, plain(Layout::markdown)), Layout::markdown);
  EXPECT_THAT(both, AllOf(HasSubstr("| VL-RewardBench General |"), HasSubstr("| Other Maths |")));
  EXPECT_THAT(rendered(joint_table({run}, plain(Layout::markdown)), Layout::markdown), HasSubstr("| Maths |"));
  const std::string page = first_table({run}, plain(Layout::html));
  EXPECT_THAT(page, AllOf(HasSubstr("&lt;b&gt;"), Not(HasSubstr("<b>"))));
}

TEST(Tables, RunsWithOtherGroupsHaveATableOfTheirOwn) {
  BenchmarkKind other = kVlRewardBench;
  other.groups = {"All"};
  other.group_of_id = [](std::string_view) -> size_t { return 0; };
  const RunResults a = run_of(kVlRewardBench, "a", {pair("wild", 1)}), b = run_of(other, "b", {pair("wild", 1)});
  EXPECT_EQ(benchmark_tables({summarize(a), summarize(b)}, plain(Layout::text)).size(), 2U);
  EXPECT_THAT(error_of([&] { compare(a, b); }),
              HasSubstr("of different groups, General, Hallucination, Reasoning and All"));
}

TEST(Tables, TextKeepsToAHundredColumns) {
  const std::string label = "ties λ=0.7 density=0.4 of a reward model with quite a name, and then some more of it";
  TableOptions options{Layout::text, 3, true};
  std::istringstream lines(
      first_table({vl_rewardbench(label, {1, 1, 1, -1}), vl_rewardbench("b", {1, 1, 1, 1})}, options));
  for (std::string line; std::getline(lines, line);) {
    const auto width = std::count_if(line.begin(), line.end(), [](char c) { return (c & 0xC0) != 0x80; });
    EXPECT_LE(width, 100) << line;
  }
}

TEST(Tables, CsvIsUnrounded) {
  EXPECT_EQ(csv_of({summarize(run_of(kRlaifV, "a, \"b\"", {pair("", 1), pair("", -1), pair("", -1)})),
                    summarize(run_of(kRlaifV, "none", {}))}),
            "benchmark,label,path,complete,metric,count,percent,low,high\n"
            "RLAIF-V,\"a, \"\"b\"\"\",\"results/a, \"\"b\"\"\",true,Accuracy,3,33.333333333333336,0.0,100.0\n"
            "RLAIF-V,none,results/none,true,Accuracy,0,n/a,,\n");
}

TEST(Tables, ComparisonsAndDetails) {
  const RunResults a = run_of(kRlaifV, "a", {pair("", 1), pair("", 1)}),
                   b = run_of(kRlaifV, "b", {pair("", 1), pair("", -1)});
  const std::string table = rendered(comparison_table(compare(a, b), plain(Layout::text)), Layout::text);
  EXPECT_THAT(table, HasSubstr("A: a  B: b  (2 samples)\n"));
  EXPECT_THAT(table, HasSubstr("Accuracy        2  100.0  50.0  +50.0  +0.0 to +100.0       1       0  1.0000\n"));
  EXPECT_THAT(table, HasSubstr("Both chose the same response in 50.0% of the samples.\n"));
  const auto details = detail_tables(summarize(a), plain(Layout::text));
  ASSERT_EQ(details.size(), 5U);
  for (const Grid& grid : details) EXPECT_LE(grid.rows.size(), 4U) << grid.title;
  EXPECT_THAT(rendered(details[1], Layout::text), HasSubstr("right  |                   █|      2\n"));
  EXPECT_EQ(detail_tables(summarize(a), plain(Layout::latex)).size(), 4U);
  EXPECT_THAT(rendered(details[0], Layout::text), HasSubstr("Equal highest scores (the first wins): 0 rows"));
  EXPECT_TRUE(detail_tables(summarize(run_of(kRlaifV, "c", {})), plain(Layout::text)).empty());
}

}  // namespace
}  // namespace vlrm::testing
