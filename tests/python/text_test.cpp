#include "python/text.h"

#include "support/support.h"

namespace vlrm::python {
namespace {

// CPython 3.11's str methods.
TEST(PythonText, ChangesCaseAsPythonDoes) {
  EXPECT_EQ(upper("straße"), "STRASSE");
  EXPECT_EQ(lower("ΑΣ"), "ας");
  EXPECT_EQ(title("they're bill's"), "They'Re Bill'S");
  EXPECT_EQ(capitalized("éCOLE"), "École");
}

TEST(PythonText, SplitsAtPythonsSpaces) {
  EXPECT_THAT(split_at_space("\x1c a\u3000b \u00a0c "), ::testing::ElementsAre("a", "b", "c"));
  EXPECT_EQ(trimmed("\u2003x\x1f"), "x");
}

}  // namespace
}  // namespace vlrm::python
