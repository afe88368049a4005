#include "results/breakdown.h"

#include "runs.h"
#include "support/support.h"

using ::testing::ElementsAre;
using ::testing::HasSubstr;

namespace vlrm::testing {
namespace {

RunResults of_margins(const std::string& label, const std::vector<double>& margins) {
  std::vector<Outcome> rows;
  for (const double margin : margins) rows.push_back(pair("", margin));
  return run_of(kRlaifV, label, rows);
}

TEST(Breakdown, IsByValuesInTheOrderOfTheirRows) {
  const RunResults a = of_margins("a", {1, 1, -1, 1}), b = of_margins("b", {-1, -1, -1, 1});
  const std::vector<std::string> values{"cat", "dog_", "dog_", ""};
  const Breakdown all = breakdown({&a, &b}, {"a", "b"}, "animal", {values, values});
  EXPECT_EQ(rendered(breakdown_table(all, {}), Layout::text),
            "RLAIF-V: accuracy by animal\n"
            "Method   dog_     \"\"    cat\n"
            "Samples     2      1      1\n"
            "a        50.0  100.0  100.0\n"
            "b         0.0  100.0    0.0\n");
  EXPECT_THAT(rendered(breakdown_table(all, {Layout::latex}), Layout::latex), HasSubstr("dog\\_"));
  const OrderedJson json = breakdown_json(all);
  EXPECT_EQ(json["runs"][1]["groups"][0], OrderedJson({{"value", "dog_"}, {"count", 2}, {"percent", 0.0}}));
}

TEST(Breakdown, CountsTheRarestTogether) {
  std::vector<std::string> values;
  for (int i = 0; i < 15; ++i) values.insert(values.end(), i == 14 ? 1 : 2, fmt::format("value {}", i));
  const RunResults a = of_margins("a", std::vector<double>(29, 1));
  const Breakdown all = breakdown({&a}, {"a"}, "x", {values});
  ASSERT_EQ(all.values.size(), 12U);
  EXPECT_EQ(all.others, 3U);
  EXPECT_EQ(all.tallies[0].back().count, 5);
  EXPECT_THAT(rendered(breakdown_table(all, {}), Layout::text), HasSubstr("3 others"));
  EXPECT_TRUE(breakdown_json(all)["runs"][0]["groups"][12]["value"].is_null());
}

TEST(Breakdown, OfDifferentNumbersOfRowsHasThemInItsCells) {
  const RunResults a = of_margins("a", {1, 1}), b = of_margins("b", {-1}), c = run_of(kRlaifV, "c", {});
  const Breakdown all = breakdown({&a, &b, &c}, {"a", "b", "c"}, "x", {{"p", "q"}, {"p"}, {}});
  EXPECT_THAT(all.runs, ElementsAre("a", "b"));
  EXPECT_EQ(rendered(breakdown_table(all, {}), Layout::text),
            "RLAIF-V: accuracy by x\n"
            "Method          p          q\n"
            "a       100.0 (1)  100.0 (1)\n"
            "b         0.0 (1)    n/a (0)\n"
            "In brackets: samples.\n");
}

}  // namespace
}  // namespace vlrm::testing
