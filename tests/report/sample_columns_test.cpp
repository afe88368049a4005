#include "report/sample_columns.h"

#include "runs.h"
#include "support/support.h"

using ::testing::ElementsAre;

namespace vlrm::testing {
namespace {

std::string gathered(const std::vector<std::string>& rows) {
  ColumnGatherer gatherer(rows.size());
  for (size_t i = 0; i < rows.size(); ++i) gatherer.add(i, parse_ordered_json_or_throw(rows[i], "row"));
  return columns_json(gatherer.columns()).dump();
}

TEST(SampleColumns, ShortTextsNumbersAndBooleansSortRows) {
  EXPECT_EQ(
      gathered({R"({"kind": "a", "level": 2, "seen": true})", R"({"kind": "b", "level": 10, "seen": true})",
                R"({"kind": "a", "level": null, "seen": false})"}),
      R"([{"name":"kind","values":["a","b"],"rows":[0,1,0]},{"name":"level","values":["2","10"],"rows":[0,1,null]},)"
      R"({"name":"seen","values":["true","false"],"rows":[0,0,1]}])");
}

TEST(SampleColumns, OtherKindsAreNone) {
  const std::string longest = "é" + std::string(39, 'x');
  const auto rows = [](const std::string& text) {
    return std::vector<std::string>{"{\"x\": \"" + text + "\"}", R"({"x": "b"})", R"({"x": "b"})"};
  };
  EXPECT_NE(gathered(rows(longest)), "[]");  // 40 characters in 41 bytes
  EXPECT_EQ(gathered(rows(longest + "x")), "[]");
  EXPECT_EQ(gathered({R"({"x": [1]})", R"({"x": 1})", R"({"x": 1})", R"({"x": 2})"}), "[]");
  EXPECT_EQ(gathered({R"({"x": 1})", R"({"x": 1})", R"({"x": null})"}), "[]");  // one value tells nothing
  EXPECT_EQ(gathered({R"({"x": 1})", R"({"x": 2})"}), "[]");                    // each row its own
}

TEST(SampleColumns, AsManyAsTwentyValues) {
  std::vector<std::string> rows;
  for (int i = 0; i < 60; ++i) rows.push_back(fmt::format(R"({{"x": {}, "y": {}}})", i % 20, i % 21));
  const Json columns = parse_json_or_throw(gathered(rows), "columns");
  ASSERT_EQ(columns.size(), 1U);
  EXPECT_EQ(columns[0]["name"], "x");
}

TEST(SampleColumns, TheDatasetIsReadByItsRows) {
  TemporaryDirectory directory;
  write_text(directory / "pairs.jsonl", R"({"id": "a", "query": "?", "source": "web"}
{"id": "b", "query": "!", "source": "book"}
{"id": "c", "query": "?", "source": "web"}
)");
  RunResults run = run_of(kVlRewardBench, "run", {pair("a", 1), pair("b", 1), pair("c", 1)});
  run.info.data = RunData{(directory / "pairs.jsonl").string(), "", ""};
  const auto columns = read_columns(run, "", 3, all_benchmarks());
  ASSERT_EQ(columns.size(), 1U);
  EXPECT_THAT(columns[0].rows, ElementsAre(0, 1, 0));
  run.info.data->name = (directory / "none.jsonl").string();
  EXPECT_THROW(read_columns(run, "", 3, all_benchmarks()), Error);
  EXPECT_TRUE(read_columns(run_of(kVlRewardBench, "run", {}), "", 3, all_benchmarks()).empty());
}

TEST(SampleColumns, OfBestOfNByItsIds) {
  TemporaryDirectory directory;
  write_text(directory / "questions.jsonl", R"({"question_id": 7, "kind": "b"}
{"question_id": 8, "kind": "a"}
{"question_id": 9, "kind": "a"}
)");
  const RunResults run = run_of(
      kTextVqa, "run", {outcome({1, 0}, {1, 0}, "9"), outcome({1, 0}, {1, 0}, "7"), outcome({1, 0}, {1, 0}, "8")});
  const auto columns = read_columns(run, (directory / "questions.jsonl").string(), 3, all_benchmarks());
  ASSERT_EQ(columns.size(), 1U);
  EXPECT_THAT(columns[0].values, ElementsAre("b", "a"));
  EXPECT_THAT(columns[0].rows, ElementsAre(1, 0, 1));
}

TEST(SampleColumns, OfOwnBestOfNByIdOrByTheRowsNumber) {
  TemporaryDirectory directory;
  write_text(directory / "named.jsonl", R"({"id": "x", "kind": "b"}
{"id": "y", "kind": "a"}
{"id": "z", "kind": "a"}
)");
  write_text(directory / "numbered.jsonl", R"({"kind": "b"}
{"kind": "a"}
{"kind": "a"}
)");
  const auto rows_of = [&](const std::string& data, const std::vector<std::string>& ids) {
    RunResults run = run_of(kTextVqa, "run", {});
    for (const std::string& id : ids) run.outcomes.push_back(outcome({1, 0}, {1, 0}, id));
    run.info.responses = "responses.jsonl";
    run.info.columns = OrderedJson::object();
    const auto columns = read_columns(run, (directory / data).string(), 3, all_benchmarks());
    return columns.empty() ? std::vector<std::optional<size_t>>() : columns[0].rows;
  };
  EXPECT_THAT(rows_of("named.jsonl", {"z", "x", "y"}), ElementsAre(1, 0, 1));
  EXPECT_THAT(rows_of("numbered.jsonl", {"2", "0", "1"}), ElementsAre(1, 0, 1));
}

}  // namespace
}  // namespace vlrm::testing
