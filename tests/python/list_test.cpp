#include "python/list.h"

#include "support/support.h"

using ::testing::ElementsAre;
using ::testing::HasSubstr;

namespace vlrm::testing {
namespace {

std::vector<std::string> parsed(std::string_view text) {
  return parse_python_strings_or_throw(text, "rows, row 3");
}

TEST(PythonList, ReadsWhatReprWrites) {
  EXPECT_THAT(parsed("[]"), ElementsAre());
  EXPECT_THAT(parsed(R"(['a', "it's", 'say "x"'])"), ElementsAre("a", "it's", "say \"x\""));
  EXPECT_THAT(parsed(R"( [ 'a' , 'b', ] )"), ElementsAre("a", "b"));
  EXPECT_THAT(parsed(R"(['\\frac{1}{2}', 'a\nb\t', 'd\'e', '\x41\u00e9\U0001F600\101\0', '\pi'])"),
              ElementsAre("\\frac{1}{2}", "a\nb\t", "d'e", std::string("Aé😀A\0", 9), "\\pi"));
  EXPECT_THAT(parsed("['µ Ω']"), ElementsAre("µ Ω"));
}

TEST(PythonList, SaysWhereItIsNone) {
  for (const char* text :
       {"", "a", "[", "['a'", "['a", "['a' 'b']", "['a'] x", "[1]", "['\\x4']", "['\\ud800']", "['\\"})
    EXPECT_THAT(error_of([&] { parsed(text); }), HasSubstr("rows, row 3: not a Python list of strings, from byte"))
        << text;
}

}  // namespace
}  // namespace vlrm::testing
