#include "base/text_width.h"

#include <gtest/gtest.h>

namespace vlrm {
namespace {

using Lines = std::vector<std::string>;

TEST(TextWidth, CountsCharacters) {
  EXPECT_EQ(width_of(""), 0U);
  EXPECT_EQ(width_of("é─x"), 3U);
  EXPECT_EQ(first_columns("é─x", 2), "é─");
  EXPECT_EQ(first_columns("é", 5), "é");
  EXPECT_EQ(first_columns("é", 0), "");
}

TEST(TextWidth, WrapsAtBlanks) {
  EXPECT_EQ(wrapped("one two three", 7), (Lines{"one two", "three"}));
  EXPECT_EQ(wrapped("one two", 3), (Lines{"one", "two"}));
  EXPECT_EQ(wrapped("", 3), Lines{""});
  EXPECT_EQ(wrapped("éééé", 3), (Lines{"ééé", "é"}));
}

TEST(TextWidth, GoesOnWhereThereIsNoRoom) {
  EXPECT_EQ(wrapped("ab", 0), (Lines{"a", "b", ""}));
}

}  // namespace
}  // namespace vlrm
