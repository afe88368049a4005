#include "results/equal_scores.h"

#include "support/support.h"

using ::testing::HasSubstr;

namespace vlrm::testing {
namespace {

TEST(EqualScores, CountsPairsOfDifferentTexts) {
  EqualScores scores;
  scores.add(std::vector{1.0, 1.000001, 1.0, 2.0}, std::vector<std::string>{"a", "b", "a", "c"});
  EXPECT_EQ(scores.pairs(), 5);  // of six, less the two "a"
  EXPECT_EQ(scores.equal(), 2);  // a and b, b and a
  scores.add(std::vector{0.5, 0.5});
  EXPECT_EQ(scores.pairs(), 6);
  EXPECT_EQ(scores.equal(), 3);
  EXPECT_EQ(*scores.warning(), "3 of 6 pairs have equal scores: check the template, the head and the pad token");
}

TEST(EqualScores, WarnsAboveFivePercent) {
  EqualScores scores;
  scores.add(std::vector{3.0, 3.0});
  for (int i = 1; i < 20; ++i) scores.add(std::vector{0.0, 1.0 * i});
  EXPECT_EQ(scores.warning(), std::nullopt);  // one of twenty
  scores.add(std::vector{3.0, 3.0});
  EXPECT_THAT(*scores.warning(), HasSubstr("2 of 21 pairs"));
}

TEST(EqualScores, WarnsWhereScoresHardlyDiffer) {
  EqualScores scores;
  EXPECT_EQ(scores.warning(), std::nullopt);
  scores.add(std::vector{5.0});
  EXPECT_EQ(scores.warning(), std::nullopt);  // one score says nothing
  for (int i = 0; i < 9; ++i) scores.add(std::vector{5.0, 5.0001});
  EXPECT_THAT(*scores.warning(), HasSubstr("the standard deviation of all 19 scores is 5e-05: check the template"));
  scores.add(std::vector{4.0, 6.0});
  EXPECT_EQ(scores.warning(), std::nullopt);
  EXPECT_NEAR(scores.deviation(), 0.3086, 1e-4);
}

TEST(EqualScores, TheSameTextMayHaveTheSameScore) {
  EqualScores scores;
  scores.add(std::vector{5.0, 5.0}, std::vector<std::string>{"x", "x"});
  scores.add(std::vector{5.0}, std::vector<std::string>{"x"});
  EXPECT_EQ(scores.warning(), std::nullopt);
  scores.add(std::vector{5.0}, std::vector<std::string>{"y"});
  EXPECT_THAT(*scores.warning(), HasSubstr("the standard deviation of all 4 scores is 0"));
}

TEST(EqualScores, LeavesOutWhatIsNotFinite) {
  EqualScores scores;
  scores.add(std::vector{std::nan(""), 1.0});
  EXPECT_EQ(scores.pairs(), 0);
}

}  // namespace
}  // namespace vlrm::testing
