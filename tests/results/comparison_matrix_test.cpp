#include "results/comparison_matrix.h"

#include "runs.h"
#include "support/support.h"

using ::testing::ElementsAre;

namespace vlrm::testing {
namespace {

// Forty pairs of which the first `right` are.
RunResults with_right(const std::string& label, int right, int rows = 40) {
  std::vector<Outcome> outcomes;
  for (int i = 0; i < rows; ++i) outcomes.push_back(pair("", i < right ? 1 : -1));
  return run_of(kRlaifV, label, outcomes);
}

std::vector<ComparisonMatrix> matrices_of(const std::vector<RunResults>& runs) {
  std::vector<RunSummary> summaries;
  for (const RunResults& run : runs) summaries.push_back(summarize(run));
  return comparison_matrices(summaries, runs);
}

TEST(ComparisonMatrix, HasEveryPairOnceWithHolmsCorrection) {
  const std::vector<RunResults> runs{with_right("a", 30), with_right("b", 22), with_right("c", 28)};
  const auto matrices = matrices_of(runs);
  ASSERT_EQ(matrices.size(), 1U);
  EXPECT_EQ(matrices[0].metric, "Accuracy");
  EXPECT_THAT(matrices[0].runs, ElementsAre("a", "b", "c"));
  const auto& cells = matrices[0].cells;
  ASSERT_EQ(cells.size(), 3U);
  EXPECT_EQ(cells[0].a, 0U);
  EXPECT_EQ(cells[0].b, 1U);
  EXPECT_EQ(cells[0].difference, 20);
  EXPECT_EQ(cells[0].p, mcnemar_p_value(8, 0));
  EXPECT_EQ(cells[0].p_holm, 3 * mcnemar_p_value(8, 0));
  EXPECT_EQ(cells[0].agreement, 0.8);
  EXPECT_EQ(cells[1].p_holm, cells[1].p);  // the largest
  EXPECT_EQ(cells[2].difference, -15);
  EXPECT_EQ(cells[2].p_holm, 2 * mcnemar_p_value(6, 0));
  EXPECT_EQ(cells[0].p, compare(runs[0], runs[1]).metrics[0].p);
}

TEST(ComparisonMatrix, OfBestOfNHasTheBootstrapsP) {
  std::vector<Outcome> a, b;
  for (int i = 0; i < 30; ++i) {
    a.push_back(outcome({0.9, 0.3}, {2, 1}));
    b.push_back(outcome({0.9, 0.3}, {i % 3 == 0 ? 2.0 : 0.0, 1}));
  }
  const std::vector<RunResults> runs{run_of(kTextVqa, "a", a), run_of(kTextVqa, "b", b)};
  const MatrixCell cell = matrices_of(runs).at(0).cells.at(0);
  EXPECT_EQ(cell.p, compare(runs[0], runs[1]).metrics.at(0).p);
  EXPECT_NEAR(cell.difference, 40, 1e-9);
}

TEST(ComparisonMatrix, LeavesOutWhatCannotBeCompared) {
  RunResults unfinished = with_right("half", 10, 20);
  unfinished.info.rows = 40;
  const auto matrices =
      matrices_of({with_right("short", 10, 30), with_right("a", 30), unfinished, with_right("b", 22)});
  ASSERT_EQ(matrices.size(), 1U);
  EXPECT_THAT(matrices[0].runs, ElementsAre("a", "b"));
  EXPECT_THAT(matrices[0].notes, ElementsAre("half: left out, since it is unfinished.",
                                             "short: left out, since its samples are not those of a: 40 and 30 rows."));
  EXPECT_TRUE(matrices_of({with_right("a", 30), run_of(kTextVqa, "b", {outcome({1, 0}, {1, 0})})}).empty());
}

TEST(ComparisonMatrix, MarksWhatIsMoreThanChance) {
  const auto matrices = matrices_of({with_right("a", 30), with_right("b_c", 20), with_right("c", 29)});
  EXPECT_EQ(rendered(matrix_table(matrices[0], {}), Layout::text),
            "RLAIF-V: differences of Accuracy, row less column\n"
            "Run         1       2       3\n"
            "1 a         –  +25.0*    +2.5\n"
            "                0.006   1.000\n"
            "2 b_c  -25.0*       –  -22.5*\n"
            "        0.006           0.008\n"
            "3 c      -2.5  +22.5*       –\n"
            "        1.000   0.008\n"
            "p beneath each difference: McNemar's exact test, corrected by Holm's method for 3 tests. * p below\n"
            "0.05.\n");
}

}  // namespace
}  // namespace vlrm::testing
