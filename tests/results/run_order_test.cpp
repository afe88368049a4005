#include "results/run_order.h"

#include "runs.h"
#include "support/support.h"

using ::testing::ElementsAre;
using ::testing::HasSubstr;

namespace vlrm::testing {
namespace {

RunSummary with_margins(const std::string& label, const std::vector<double>& margins) {
  std::vector<Outcome> rows;
  for (size_t i = 0; i < margins.size(); ++i) rows.push_back(pair(i % 2 == 0 ? "wild" : "mathverse", margins[i]));
  return summarize(run_of(kVlRewardBench, label, rows));
}

std::vector<RunSummary> three_runs() {
  return {with_margins("d_10", {1, 1, -1, -1}), with_margins("d_9", {1, -1, 1, 1}),
          with_margins("c", {-1, -1, -1, -1})};
}

TEST(RunOrder, IsAsNamedOrByAColumn) {
  const auto runs = three_runs();
  EXPECT_THAT(run_order(runs, "", 0), ElementsAre(0, 1, 2));
  EXPECT_THAT(run_order(runs, "Overall", 0), ElementsAre(1, 0, 2));
  EXPECT_THAT(run_order(runs, "Reasoning", 0), ElementsAre(0, 1, 2));  // equals stay in order
  EXPECT_THAT(run_order(runs, "label", 0), ElementsAre(2, 1, 0));      // numbers by size
}

TEST(RunOrder, TopIsOfTheColumnOrOfAllRows) {
  const auto runs = three_runs();
  EXPECT_THAT(run_order(runs, "", 2), ElementsAre(1, 0));
  EXPECT_THAT(run_order(runs, "General", 1), ElementsAre(1));
  EXPECT_THAT(run_order(runs, "label", 2), ElementsAre(1, 0));
}

TEST(RunOrder, WhatIsUnfinishedOrLacksTheFigureComesLast) {
  auto runs = three_runs();
  runs[1].complete = false;
  EXPECT_THAT(run_order(runs, "", 3), ElementsAre(0, 2, 1));
  EXPECT_THAT(run_order(runs, "Macro", 0), ElementsAre(0, 1, 2));  // n/a
  runs.push_back(summarize(run_of(kTextVqa, "a", {outcome({0, 1}, {1, 0})})));
  EXPECT_THAT(run_order(runs, "Pass@2", 1), ElementsAre(0, 3));
  EXPECT_THAT(error_of([&] { run_order(runs, "Pass@3", 0); }),
              HasSubstr("sort: Pass@3 is none of General, Hallucination, Reasoning, Overall, Macro, Pass@1"));
}

}  // namespace
}  // namespace vlrm::testing
