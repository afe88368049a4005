#include "tasks/benchmark.h"

#include "python/json.h"
#include "support/support.h"
#include "tasks/benchmarks/benchmarks.h"

using ::testing::EndsWith;

namespace vlrm::testing {
namespace {

constexpr const char* kPair = R"({"id": "a-1", "query": "q?", "response": ["x", "y"], "human_ranking": [1, 0]})";
constexpr const char* kPreference = R"({"question": "q?", "chosen": "x", "rejected": "y", "image": "p.png"})";
constexpr const char* kResponses = R"({"id": 7, "input": "q?", "responses": ["x", "y"], "correctness": [0, 1]})";

DatasetName rows(const TemporaryDirectory& dir, const std::string& text) {
  write_text(dir / "rows.jsonl", text);
  return {dir / "rows.jsonl", "", ""};
}

BenchmarkRow only_row(const Benchmark& benchmark) {
  return benchmark.stream(0, Images::without)->next().value();
}

TEST(Benchmarks, WriteTheReferencesFieldsInTheirOrder) {
  const TemporaryDirectory dir;
  const auto line = [](const Benchmark& benchmark) {
    return python_json(result_line(benchmark.spec().kind, only_row(benchmark), {"px", "py"}, {0.5, -1.25}));
  };
  EXPECT_EQ(line(*open_benchmark(vl_rewardbench_benchmark, rows(dir, kPair))),
            R"({"id": "a-1", "prompts": ["px", "py"], "outputs": [0.5, -1.25], "predicted_answer": 0, )"
            R"("ground_truth": [1, 0]})");
  EXPECT_EQ(line(*open_benchmark(rlaif_v_benchmark, rows(dir, kPreference))),
            R"({"prompts": ["px", "py"], "outputs": [0.5, -1.25], "predicted_answer": 0, "ground_truth": [0, 1]})");
  write_text(dir / "r.jsonl", kResponses);
  EXPECT_EQ(line(*open_best_of_n(textvqa_val_benchmark, dir / "r.jsonl", {}, false)),
            R"({"id": 7, "input": "q?", "responses": ["x", "y"], "correctness": [0, 1], "scores": [0.5, -1.25]})");
}

TEST(Benchmarks, ChooseTheFirstOfEqualScores) {
  const TemporaryDirectory dir;
  const auto benchmark = open_benchmark(vl_rewardbench_benchmark, rows(dir, kPair));
  EXPECT_EQ(result_line(benchmark->spec().kind, only_row(*benchmark), {"", ""}, {2, 2}).at("predicted_answer"), 0);
  EXPECT_EQ(result_line(benchmark->spec().kind, only_row(*benchmark), {"", ""}, {1, 2}).at("predicted_answer"), 1);
}

TEST(Benchmarks, SayWhatIsWrongWithAPair) {
  const TemporaryDirectory dir;
  const auto error = [&](const char* row) {
    const auto benchmark = open_benchmark(vl_rewardbench_benchmark, rows(dir, row));
    return error_of([&] { only_row(*benchmark); });
  };
  EXPECT_THAT(error(R"({"id": 1, "query": 2})"), EndsWith("rows.jsonl, line 1: \"query\" is not a text"));
  EXPECT_THAT(error(R"({"id": 1})"), EndsWith("line 1: has no column \"query\" (it has id)"));
  EXPECT_THAT(error(R"({"query": "q"})"), EndsWith("line 1: has no column \"id\" (it has query)"));
  EXPECT_THAT(error(R"({"id": 1, "query": "q", "response": "x"})"), EndsWith("\"response\" is not a list of texts"));
  EXPECT_THAT(error(R"({"id": 1, "query": "q", "response": ["x"]})"), EndsWith("\"response\" holds 1 texts, not 2"));
  for (const char* ranking : {"null", "[0]", "[0, 2]", "[0, -1]", "[0.5, 1.0]", "[true, false]", "\"01\""})
    EXPECT_THAT(
        error(
            fmt::format(R"({{"id": 1, "query": "q", "response": ["x", "y"], "human_ranking": {}}})", ranking).c_str()),
        EndsWith("\"human_ranking\" is not a list of the integers from 0 to 1, each once"));
}

TEST(Benchmarks, SayWhatIsWrongWithResponses) {
  const TemporaryDirectory dir;
  const auto error = [&](const char* line) {
    write_text(dir / "r.jsonl", std::string("\n") + line);
    const auto benchmark = open_best_of_n(textvqa_val_benchmark, dir / "r.jsonl", {}, false);
    return error_of([&] { only_row(*benchmark); });
  };
  EXPECT_THAT(error("{"), EndsWith("r.jsonl, line 2: not valid JSON at byte 2"));
  EXPECT_THAT(error("[]"), EndsWith("line 2: not a JSON object"));
  EXPECT_THAT(error(R"({"id": 1})"), EndsWith("has no column \"input\" (it has id)"));
  EXPECT_THAT(error(R"({"id": 1, "input": "q", "responses": []})"), EndsWith("\"responses\" is not a list of texts"));
  for (const char* correctness : {"[1]", "[1, null]", "[1, \"0\"]", "1"})
    EXPECT_THAT(
        error(fmt::format(R"({{"id": 1, "input": "q", "responses": ["x", "y"], "correctness": {}}})", correctness)
                  .c_str()),
        EndsWith("\"correctness\" is not a list of 2 numbers from 0 to 1, one for each response"));
}

TEST(Benchmarks, HaveRows) {
  const TemporaryDirectory dir;
  EXPECT_THAT(error_of([&] { open_benchmark(rlaif_v_benchmark, rows(dir, "")); }),
              EndsWith("rows.jsonl: 0 rows in one file; there is nothing to evaluate"));
  write_text(dir / "r.jsonl", " \n");
  EXPECT_THAT(error_of([&] { open_best_of_n(textvqa_val_benchmark, dir / "r.jsonl", {}, false); }),
              EndsWith("r.jsonl: has no rows; there is nothing to evaluate"));
}

TEST(BestOfN, FindsImagesByIdInAnyOrder) {
  const TemporaryDirectory dir;
  std::string data, responses;
  data = "{\"question_id\": 3, \"image\": \"replaced.png\"}\n";  // of rows with one id the last counts
  for (int id = 0; id < 5; ++id) data += fmt::format("{{\"question_id\": {0}, \"image\": \"{0}.png\"}}\n", id);
  const std::vector<int> order{1, 2, 2, 4, 0, 3, 3};
  for (const int id : order)
    responses += fmt::format(R"({{"id": {}, "input": "q", "responses": ["x"], "correctness": [1]}})", id) + "\n";
  write_text(dir / "r.jsonl", responses);
  const auto benchmark = open_best_of_n(textvqa_val_benchmark, dir / "r.jsonl", rows(dir, data), true);
  EXPECT_TRUE(benchmark->spec().drops_alpha);
  for (size_t first = 0; first <= order.size(); ++first) {
    const auto stream = benchmark->stream(static_cast<int64_t>(first), Images::with);
    for (size_t i = first; i < order.size(); ++i) {
      const auto row = stream->next();
      ASSERT_TRUE(row && row->images.size() == 1);
      EXPECT_EQ(row->images[0].path, dir / fmt::format("{}.png", order[i]));
    }
    EXPECT_FALSE(stream->next());
  }
  EXPECT_TRUE(only_row(*benchmark).images.empty());
}

TEST(BestOfN, NamesAnIdThatTheDatasetHasNot) {
  const TemporaryDirectory dir;
  write_text(dir / "r.jsonl", kResponses);
  const auto benchmark = open_best_of_n(mmmu_pro_vision_cot_benchmark, dir / "r.jsonl",
                                        rows(dir, R"({"id": "7", "image": "p.png"})"), true);
  EXPECT_THAT(error_of([&] { only_row(*benchmark); }),
              EndsWith("rows.jsonl: 1 row in one file has no row with the id 7"));
}

}  // namespace
}  // namespace vlrm::testing
