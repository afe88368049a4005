#include "tasks/own_marks.h"

#include <cmath>

#include "support/support.h"

namespace vlrm::testing {
namespace {

TEST(OwnMarks, EqualAnswersMayDifferInCapitalsSpaceAndAFullStop) {
  EXPECT_TRUE(equals_an_answer(" Yes.\n", {"no", "yes"}));
  EXPECT_TRUE(equals_an_answer("ÄRGER", {"ärger."}));
  EXPECT_FALSE(equals_an_answer("Yes, it is", {"yes"}));
  EXPECT_FALSE(equals_an_answer("yes..", {"yes"}));
}

TEST(OwnMarks, AnAnswerIsContainedAsAWholeWord) {
  EXPECT_TRUE(contains_an_answer("It is a Cat, I think.", {"cat "}));
  EXPECT_FALSE(contains_an_answer("Do not concatenate.", {"cat"}));
  EXPECT_FALSE(contains_an_answer("catä", {"cat"}));
  EXPECT_TRUE(contains_an_answer("concat cat", {"cat"}));  // behind one that does not count
  EXPECT_TRUE(contains_an_answer("That is 5 %.", {"5 %"}));
  EXPECT_TRUE(contains_an_answer("a two-seater", {"two"}));
  EXPECT_FALSE(contains_an_answer("anything", {" "}));
}

TEST(OwnMarks, WordsEndAtSignsOfAnyScript) {
  EXPECT_TRUE(contains_an_answer("“Paris”", {"paris"}));
  EXPECT_TRUE(contains_an_answer("Paris—or Rome…", {"paris"}));
  EXPECT_TRUE(contains_an_answer("Paris—or Rome…", {"rome"}));
  EXPECT_TRUE(contains_an_answer("about 20°", {"20"}));
  EXPECT_FALSE(contains_an_answer("москвач", {"москва"}));
  EXPECT_FALSE(contains_an_answer("cafe\u0301s", {"cafe"}));  // a combining accent
  EXPECT_FALSE(contains_an_answer("20½", {"20"}));
}

TEST(OwnMarks, WordsWithoutSpacesStandAnywhere) {
  EXPECT_TRUE(contains_an_answer("答案是巴黎。", {"巴黎"}));
  EXPECT_TRUE(contains_an_answer("共5个", {"5"}));
  EXPECT_FALSE(contains_an_answer("共25个", {"5"}));
  EXPECT_TRUE(contains_an_answer("パリです", {"パリ"}));
  EXPECT_TRUE(contains_an_answer("파리입니다", {"파리"}));
  EXPECT_FALSE(contains_an_answer("๒๕", {"๕"}));
  EXPECT_TRUE(contains_an_answer("คำตอบคือปารีสครับ", {"ปารีส"}));
}

TEST(OwnMarks, TheLastNumberCounts) {
  const auto number = [](std::string_view text) { return last_number(text).value_or(12345); };
  EXPECT_EQ(number("3 apples and 4 pears: 7."), 7);
  EXPECT_EQ(number("1,234.5 metres"), 1234.5);
  EXPECT_EQ(number("1, 2, 3,"), 3);
  EXPECT_EQ(number("it is -0.25"), -0.25);
  EXPECT_EQ(number("5-3"), 3);
  EXPECT_EQ(number(".5"), 0.5);
  EXPECT_EQ(number("v1.2.3"), 0.3);
  EXPECT_EQ(number("1e-05"), 1e-05);
  EXPECT_EQ(number("1e+16"), 1e16);
  EXPECT_EQ(number("1.5E3"), 1500);
  EXPECT_EQ(number("1e−5"), 1e-05);
  EXPECT_EQ(number("7e"), 7);
  EXPECT_EQ(number("3,4"), 4);
  EXPECT_EQ(number("5,6,789"), 789);
  EXPECT_EQ(number("1,234,56"), 56);
  EXPECT_EQ(number("-1,234,567.5"), -1234567.5);
  EXPECT_EQ(number("−5"), -5);
  EXPECT_EQ(number("“-5”"), -5);
  EXPECT_EQ(number("a−5"), 5);
  EXPECT_EQ(number("\xFF -5"), -5);
  EXPECT_TRUE(std::isinf(number("1e999")));
  EXPECT_EQ(number("1e-999"), 0);
  EXPECT_FALSE(last_number("none, - or ."));
  EXPECT_TRUE(is_an_answers_number("so 1,000", {"7", "1000.0"}));
  EXPECT_TRUE(is_an_answers_number("0.33333334", {"0.333333333"}));
  EXPECT_FALSE(is_an_answers_number("0.3334", {"0.3333"}));
  EXPECT_FALSE(is_an_answers_number("many", {"0"}));
}

}  // namespace
}  // namespace vlrm::testing
