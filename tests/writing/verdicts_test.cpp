#include "writing/verdicts.h"

#include "support/support.h"

namespace vlrm::testing {
namespace {

// The expectations are what the reference's find_number gives for these texts.
TEST(Verdicts, TakeTheNumberAfterTheLastOverall) {
  EXPECT_EQ(overall_score("Accuracy: 5\nOverall: 4 of 5"), 4);
  EXPECT_EQ(overall_score("Overall 1. Overall Assessment: **3.5**/5"), 3.5);
  EXPECT_EQ(overall_score("overall: 4, clarity 2"), 2);  // its case counts; the last number
  EXPECT_EQ(overall_score("5 then Overall: none"), 5);   // no number behind it: the last of all
  EXPECT_EQ(overall_score("Score: [1 (Poor) to 5 (Excellent)]"), 5);
  EXPECT_EQ(overall_score("Overall: 1,234.5"), 1234.5);
  EXPECT_EQ(overall_score("Overall: -2"), -2);
  EXPECT_EQ(overall_score("Overall: 1-5"), 1);
  EXPECT_EQ(overall_score("range 1-5"), -5);
  EXPECT_EQ(overall_score("Overall: 4."), 4);
  EXPECT_EQ(overall_score("Overall: .5"), 0.5);
  EXPECT_EQ(overall_score("Overall: 3,"), 3);
  EXPECT_EQ(overall_score("Overall: ,,"), std::nullopt);
  EXPECT_EQ(overall_score("Overall: 0"), 0);
  EXPECT_EQ(overall_score("- , . nothing"), std::nullopt);
  EXPECT_EQ(overall_score(""), std::nullopt);
  EXPECT_EQ(overall_score("1.2.3"), 0.3);
  EXPECT_EQ(overall_score("Overall: 0.123456"), 0.12346);
}

TEST(Verdicts, OfPairs) {
  EXPECT_EQ(first_answers_share("A is worse.\nVerdict: B"), 0);
  EXPECT_EQ(first_answers_share("Verdict: A"), 1);
  EXPECT_EQ(first_answers_share("<think>Verdict: B</think><answer>1</answer>"), 1);
  EXPECT_EQ(first_answers_share("<answer>1</answer> no, <answer>\n2 </answer>"), 0);
  EXPECT_EQ(first_answers_share("<answer>2"), 0);
  EXPECT_EQ(first_answers_share("A says <answer>2</answer>. Verdict: A"), 1);
  EXPECT_EQ(first_answers_share("B says <answer>1</answer>. [[B]]"), 0);
  EXPECT_EQ(first_answers_share("<answer>[[A]]</answer>"), 1);
  EXPECT_EQ(first_answers_share("<answer>12</answer> Verdict: B"), 0);
  EXPECT_EQ(first_answers_share("<answer> </answer>"), 0.5);
  EXPECT_EQ(first_answers_share("Verdict: **A**."), 1);
  EXPECT_EQ(first_answers_share("Verdict: Answer B"), 0);
  EXPECT_EQ(first_answers_share("Verdict: tie"), 0.5);
  EXPECT_EQ(first_answers_share("Verdict: A\nno,\nVerdict: B"), 0);
  EXPECT_EQ(first_answers_share("Verdict: Both"), 0.5);
  EXPECT_EQ(first_answers_share("A errs.\n**Verdict**: B"), 0);
  EXPECT_EQ(first_answers_share("My verdict: B"), 0);
  EXPECT_EQ(first_answers_share("Verdict: A\nFinal verdict: B"), 0);
  EXPECT_EQ(first_answers_share("Verdict: TIE between A and B"), 0.5);
  EXPECT_EQ(first_answers_share("Verdict: A tie."), 0.5);
  EXPECT_EQ(first_answers_share("so [[A]] it is"), 1);
  EXPECT_EQ(first_answers_share("[[A]] or [[B]]: [[B]]"), 0);
  EXPECT_EQ(first_answers_share("[[A]], no, [[C]]"), 0.5);
  EXPECT_EQ(first_answers_share("A"), 0.5);
  EXPECT_EQ(first_answers_share(""), 0.5);
}

}  // namespace
}  // namespace vlrm::testing
