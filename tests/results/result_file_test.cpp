#include "results/result_file.h"

#include <cmath>

#include <fmt/format.h>

#include "results/result_folder.h"
#include "runs.h"
#include "support/support.h"

using ::testing::ElementsAre;
using ::testing::HasSubstr;

namespace vlrm::testing {
namespace {

const std::string kPair =
    R"({"id": "wild-1", "prompts": ["qué a", "qué bb"], "outputs": [0.5, 1], "predicted_answer": 1, "ground_truth": [1, 0]})";
const std::string kBestOf3 =
    R"({"id": 7, "responses": ["a", "b", "c"], "correctness": [true, 0.9, 0], "scores": [1, 3.5, 3.5]})";
const std::string kInfo = R"({"task": "vl-rewardbench", "subtask": null, "label": "ties", "mode": "image", "rows": 3})";

class ResultFileTest : public ::testing::Test {
 protected:
  std::filesystem::path write(const std::string& name, const std::string& text) const {
    write_text(folder_ / name, text);
    return folder_ / name;
  }
  std::string error(const std::string& text) const {
    const auto file = write("rows.jsonl", text);
    return error_of([&] { read_run(file, all_kinds()); });
  }
  TemporaryDirectory folder_;
};

TEST_F(ResultFileTest, RowsOfEachTaskAreKnownByTheirFields) {
  const RunResults pairs = read_run(write("vlrm.jsonl", kPair + "\n"), all_kinds());
  EXPECT_EQ(pairs.info.benchmark.name(), "vl-rewardbench");
  EXPECT_EQ(pairs.info.label, "vlrm");
  EXPECT_THAT(pairs.outcomes.at(0).correctness, ElementsAre(0, 1));
  EXPECT_THAT(pairs.outcomes.at(0).lengths, ElementsAre(5, 6));
  EXPECT_EQ(pairs.outcomes.at(0).chosen, 1U);
  const std::string no_id =
      R"({"prompts": ["a", "b"], "outputs": [NaN, 1], "predicted_answer": 0, "ground_truth": [0, 1]})";
  const RunResults rlaif = read_run(write("a.jsonl", no_id), all_kinds());
  EXPECT_EQ(rlaif.info.benchmark.name(), "rlaif-v");
  EXPECT_TRUE(std::isnan(rlaif.outcomes.at(0).scores.at(0)));
  const RunResults best = read_run(write("mmmu_pro_vision_cot/vlrm.jsonl", kBestOf3 + "\n\n"), all_kinds());
  EXPECT_EQ(best.info.benchmark.task, "best-of-n");
  EXPECT_EQ(best.info.benchmark.subtask, "mmmu_pro_vision_cot");
  EXPECT_EQ(best.outcomes.at(0).id, "7");
  EXPECT_EQ(best.outcomes.at(0).chosen, 1U);
  EXPECT_THAT(best.outcomes.at(0).correctness, ElementsAre(1, 0.9, 0));
}

TEST_F(ResultFileTest, TheBenchmarkOfABareFileIsNamedByItsPath) {
  const auto benchmark_of = [&](const std::string& name, const std::string& row) {
    return read_run(write(name, row), all_kinds()).info.benchmark;
  };
  for (const char* path : {"textvqa_train_100/vlrm.jsonl", "textvqa_train_100.jsonl", "textvqa-train-100.jsonl"})
    EXPECT_EQ(benchmark_of(path, kBestOf3).full_title(), "TextVQA train 100") << path;
  EXPECT_EQ(benchmark_of("mmmu_pro_standard_cot/a.jsonl", kBestOf3).full_title(), "MMMU-Pro standard");
  EXPECT_EQ(benchmark_of("a.jsonl", kBestOf3).full_title(), "Best of N");
  EXPECT_EQ(benchmark_of("rlaif_v/vl_rewardbench.jsonl", kPair).name(), "vl-rewardbench");
  EXPECT_EQ(benchmark_of("rlaif_v/a.jsonl", kPair).name(), "vl-rewardbench");  // its rows have ids
  EXPECT_THAT(error_of([&] { read_run(write("a.jsonl", kPair), {&kRlaifV}); }),
              HasSubstr("a.jsonl: which benchmark these rows are of is not known"));
}

TEST_F(ResultFileTest, BothSpellingsOfABenchmarkAreRead) {
  const auto benchmark_of = [&](const std::string& json) {
    write("run/run.json", json);
    return read_run(folder_ / "run", all_kinds()).info.benchmark;
  };
  EXPECT_EQ(benchmark_of(R"({"task": "vl_rewardbench", "rows": 1})").name(), "vl-rewardbench");
  EXPECT_EQ(benchmark_of(R"({"task": "best_of_n", "subtask": "textvqa-val", "rows": 1})").title, "TextVQA");
  const BenchmarkKind other = benchmark_of(R"({"task": "best-of-n", "subtask": "docvqa_val", "rows": 1})");
  EXPECT_EQ(other.name(), "docvqa_val");
  EXPECT_EQ(other.full_title(), "docvqa_val");
}

TEST_F(ResultFileTest, GroupsAreThoseOfRunJson) {
  const auto groups_of = [&](const std::string& groups) {
    write("run/results.jsonl", kPair + "\n" + kPair + "\n");
    write("run/run.json", R"({"task": "vl-rewardbench", "rows": 3)" + groups + "}");
    const RunResults run = read_run(folder_ / "run", all_kinds());
    std::vector<std::string> names;
    for (const Outcome& row : run.outcomes) names.push_back(run.info.benchmark.groups.at(row.group));
    return names;
  };
  EXPECT_THAT(groups_of(""), ElementsAre("General", "General"));  // an older folder: by the id
  EXPECT_THAT(groups_of(R"(, "groups": {"names": ["A", "B"], "rows": [1, 0, 1]})"), ElementsAre("B", "A"));
  for (const auto& [groups, message] : std::vector<std::pair<std::string, std::string>>{
           {"[]", "run.json: the field \"groups\" must be an object"},
           {R"({"rows": []})", "run.json: the field \"names\" is missing"},
           {R"({"names": ["A"], "rows": [0, -1, 0]})", "run.json: the field \"rows\""},
           {R"({"names": ["A"], "rows": [0]})", "run.json: \"groups\" says the groups of 1 rows, not of 3"},
           {R"({"names": ["A"], "rows": [0, 1, 0]})", "run.json: \"groups\" has a row in group 1 of 1"}})
    EXPECT_THAT(error_of([&, rows = groups] { groups_of(", \"groups\": " + rows); }), HasSubstr(message));
}

TEST(FirstLargest, IsNumpysArgmax) {
  EXPECT_EQ(first_largest({1, 3, 3}), 1U);
  EXPECT_EQ(first_largest({1, NAN, 3, NAN}), 1U);
  EXPECT_EQ(first_largest({-INFINITY, -INFINITY}), 0U);
}

TEST_F(ResultFileTest, ErrorsNameTheLineAndTheField) {
  for (const auto& [line, message] : std::vector<std::pair<std::string, std::string>>{
           {"{\"id\": ", "line 2: not valid JSON"},
           {"[]", "line 2: a row must be a JSON object"},
           {R"({"prompts": [], "outputs": [1]})", "the field \"id\" is missing"},
           {R"({"id": "a", "prompts": ["a", "b"], "predicted_answer": 0})", "the field \"outputs\" is missing"},
           {R"({"id": "a", "outputs": [], "prompts": []})", "\"outputs\" must be a list of numbers, not []"},
           {R"({"id": "a", "outputs": [1, "2"], "prompts": []})", "\"outputs\" must be a list of numbers, not [1, "},
           {R"({"id": "a", "outputs": [1, 2], "prompts": ["a"]})", "1 \"prompts\" for 2 responses"},
           {R"({"id": "a", "outputs": [1, 2], "prompts": ["a", "b"], "ground_truth": [0]})",
            "\"predicted_answer\" is missing"},
           {R"({"id": "a", "outputs": [1, 2], "prompts": ["a", "b"], "predicted_answer": 2, "ground_truth": [0]})",
            "\"predicted_answer\" does not name one of 2 responses: 2"},
           {R"({"id": "a", "outputs": [1, 2], "prompts": ["a", "b"], "predicted_answer": 0.5, "ground_truth": [0]})",
            "does not name one of 2 responses: 0.5"},
           {R"({"id": "a", "outputs": [1, 2], "prompts": ["a", "b"], "predicted_answer": 0, "ground_truth": [-1]})",
            "\"ground_truth\" does not name one of 2 responses: -1"},
           {R"({"id": "a", "outputs": [1, 2], "prompts": ["a", "b"], "predicted_answer": 0, "ground_truth": 0})",
            "\"ground_truth\" must be a list"}})
    EXPECT_THAT(error(fmt::format("{}\n{}\n", kPair, line)), HasSubstr(message)) << line;
  EXPECT_THAT(error("{\"id\": 3}\n"), HasSubstr("line 1: no result: a pair has"));
  EXPECT_THAT(error(""), HasSubstr("rows.jsonl: has no rows"));
  EXPECT_THAT(error(kBestOf3 + "\n" + R"({"id": 1, "responses": ["a"], "correctness": [1]})" + "\n"),
              HasSubstr("line 2: the rows before it have scores, this one has none"));
  EXPECT_THAT(error(R"({"id": 1, "responses": ["a"], "correctness": [1], "scores": [1, 2]})"),
              HasSubstr("line 1: 2 scores for 1 responses"));
  EXPECT_THAT(error_of([&] { read_run(folder_ / "nothing.jsonl", all_kinds()); }),
              HasSubstr("nothing.jsonl: cannot be read"));
}

TEST_F(ResultFileTest, ALastLineMayBeCutOffOnlyWhereARunWritesIt) {
  const std::string cut = kPair + "\n" + kPair.substr(0, 40);
  EXPECT_THAT(error(cut), HasSubstr("rows.jsonl, line 2: the last line is cut off"));
  write("run/results.jsonl", cut);
  write("run/run.json", kInfo);
  const RunResults run = read_run(folder_ / "run", all_kinds());
  EXPECT_EQ(run.outcomes.size(), 1U);
  EXPECT_EQ(run.info.label, "ties");
  EXPECT_FALSE(run.complete());
  write("run/results.jsonl", kPair.substr(0, 40) + "\n" + kPair + "\n");
  EXPECT_THAT(error_of([&] { read_run(folder_ / "run", all_kinds()); }),
              HasSubstr("results.jsonl, line 1: not valid JSON"));
}

TEST_F(ResultFileTest, AFolderIsCompleteWithTheRowsThatItExpects) {
  write("run/run.json", kInfo);
  EXPECT_TRUE(read_run(folder_ / "run", all_kinds()).outcomes.empty());
  write("run/results.jsonl", kPair + "\n" + kPair + "\n" + kPair);
  EXPECT_TRUE(read_run(folder_ / "run", all_kinds()).complete());
  write("run/results.jsonl", kPair + "\n" + kPair + "\n" + kPair + "\n" + kPair + "\n");
  EXPECT_THAT(error_of([&] { read_run(folder_ / "run", all_kinds()); }), HasSubstr("has 4 rows where run.json says 3"));
}

TEST_F(ResultFileTest, RunJsonIsChecked) {
  for (const auto& [json, message] : std::vector<std::pair<std::string, std::string>>{
           {R"({"rows": 3})", "run.json: the field \"task\" is missing"},
           {R"({"task": "vqa", "rows": 3})", "run.json: unknown task \"vqa\"; known are vl-rewardbench"},
           {R"({"task": "rlaif-v"})", "run.json: the field \"rows\" is missing"},
           {R"({"task": "rlaif-v", "rows": -1})", "run.json: the field \"rows\" is negative"},
           {R"({"task": "rlaif-v", "rows": 1, "label": 5})", "run.json: the field \"label\""}}) {
    write("run/run.json", json);
    EXPECT_THAT(error_of([&] { read_run(folder_ / "run", all_kinds()); }), HasSubstr(message));
  }
}

TEST_F(ResultFileTest, SweepsAreExpandedInNaturalOrder) {
  for (const char* name : {"ties_10", "ties_9", "linear_0.5"})
    write(std::string("sweep/") + name + "/results.jsonl", kPair);
  write("sweep/report.html", "");
  std::vector<std::string> names;
  for (const auto& path : expand_results(folder_ / "sweep")) names.push_back(path.filename().string());
  EXPECT_THAT(names, ElementsAre("linear_0.5", "ties_9", "ties_10"));
  EXPECT_EQ(read_run(folder_ / "sweep/ties_9", all_kinds()).info.label, "ties_9");
  EXPECT_EQ(read_run(folder_ / "sweep/ties_9/results.jsonl", all_kinds()).info.label, "ties_9");
  const auto run = folder_ / "sweep/ties_9";
  EXPECT_THAT(expand_results(run), ElementsAre(run));
  write("files/b.jsonl", kPair);
  EXPECT_THAT(expand_results(folder_ / "files"), ElementsAre(folder_ / "files" / "b.jsonl"));
  write("empty/readme", "");
  EXPECT_THAT(error_of([&] { expand_results(folder_ / "empty"); }), HasSubstr("empty: holds no results.jsonl"));
  EXPECT_THAT(error_of([&] { expand_results(folder_ / "none"); }), HasSubstr("none: is not there"));
}

}  // namespace
}  // namespace vlrm::testing
