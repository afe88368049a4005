#include "tasks/multiple_choice.h"

#include <map>

#include "support/support.h"

namespace vlrm::testing {
namespace {

const std::vector<std::string> kOptions{"apple", "Banana split", "cherry", "date"};

char chosen(std::string_view response) {
  return chosen_option(response, kOptions, "salt");
}

TEST(MultipleChoice, ListsOptions) {
  EXPECT_EQ(lettered(kOptions), "A. apple\nB. Banana split\nC. cherry\nD. date");
}

TEST(MultipleChoice, FindsTheLetter) {
  EXPECT_EQ(chosen("B"), 'B');
  EXPECT_EQ(chosen("C."), 'C');
  EXPECT_EQ(chosen("Answer: D"), 'D');
  EXPECT_EQ(chosen("It is (C), not A or B"), 'C');                    // brackets before anything else
  EXPECT_EQ(chosen("First (A), then (D)."), 'D');                     // the last of several
  EXPECT_EQ(chosen("A thing like that. Answer: B"), 'B');             // "A" was an article
  EXPECT_EQ(chosen("So C.\nThat is it"), 'C');                        // a point after it
  EXPECT_EQ(chosen("**B**\nAnswer: $D "), 'D');                       // "D " without a space before it still counts
  EXPECT_EQ(chosen("from what i see it must be banana SPLIT"), 'B');  // the option's own text, in any case
  EXPECT_EQ(chosen("an apple or a date, i would think so: apple"), 'A');
}

TEST(MultipleChoice, DrawsTheSameLetterEachTimeWhereThereIsNone) {
  std::map<char, int> drawn;
  for (int i = 0; i < 400; ++i) {
    const std::string text = "no " + std::to_string(i);
    EXPECT_EQ(chosen(text), chosen(text));
    ++drawn[chosen(text)];
  }
  ASSERT_EQ(drawn.size(), kOptions.size());
  for (const auto& [letter, times] : drawn) EXPECT_NEAR(times, 100, 40) << letter;
  int other = 0;
  for (int i = 0; i < 100; ++i) other += chosen_option("?", kOptions, std::to_string(i)) != chosen("?");
  EXPECT_GT(other, 50);  // the salt counts
}

}  // namespace
}  // namespace vlrm::testing
