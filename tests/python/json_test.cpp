#include "python/json.h"

#include <limits>

#include "support/support.h"

using ::testing::HasSubstr;

namespace vlrm::testing {
namespace {

std::string through(std::string_view text) {
  return python_json(parse_python_json_or_throw(text, "rows.jsonl, line 3"));
}

// What CPython 3.11's json.dumps(json.loads(text)) gives.
TEST(PythonJson, IsWhatPythonWrites) {
  for (const auto& [text, written] : std::vector<std::pair<std::string, std::string>>{
           {R"({"b":[0.9,1,true,1e-05,null],"a":{}})", R"({"b": [0.9, 1, true, 1e-05, null], "a": {}})"},
           {"[1E5, 1.0, -0.0, 1e16, 123456789012345680.0, 0.0001, 0.00001, 5e-324]",
            "[100000.0, 1.0, -0.0, 1e+16, 1.2345678901234568e+17, 0.0001, 1e-05, 5e-324]"},
           {"[18446744073709551616, -9223372036854775809, 9223372036854775807, 18446744073709551615]",
            "[18446744073709551616, -9223372036854775809, 9223372036854775807, 18446744073709551615]"},
           {"[NaN, -Infinity, Infinity, \"NaN\"]", "[NaN, -Infinity, Infinity, \"NaN\"]"},
           {R"(["é 🙂 \u007f \/ \" \\ \b\f\n\r\t", "1234567890123456789012", "\\\"NaN"])",
            R"(["\u00e9 \ud83d\ude42 \u007f / \" \\ \b\f\n\r\t", "1234567890123456789012", "\\\"NaN"])"},
           {"[0.12345678901234567890123]", "[0.12345678901234568]"},
           {"[]", "[]"}})
    EXPECT_EQ(through(text), written) << text;
}

TEST(PythonJson, BytesThatAreNoTextBecomeReplacements) {
  EXPECT_EQ(python_json(OrderedJson("a\xFFz")), R"("a\ufffdz")");
}

TEST(PythonJson, ErrorsNameTheSourceAndTheByteOfTheTextAsItIs) {
  const auto error = [](std::string_view text) { return error_of([&] { through(text); }); };
  EXPECT_THAT(error("{\"a\": NaN, }"), HasSubstr("rows.jsonl, line 3: not valid JSON at byte"));
  EXPECT_THAT(error("[NaNa]"), HasSubstr("not valid JSON"));
  EXPECT_THAT(error("[1e999]"), HasSubstr("rows.jsonl, line 3: not valid JSON"));
}

TEST(PythonFloat, IsRepr) {
  EXPECT_EQ(python_float(0.1 + 0.2), "0.30000000000000004");
  EXPECT_EQ(python_float(-1e22), "-1e+22");
  EXPECT_EQ(python_float(std::numeric_limits<double>::infinity()), "inf");
}

}  // namespace
}  // namespace vlrm::testing
