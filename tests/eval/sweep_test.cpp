#include "eval/sweep.h"

#include "support/support.h"
#include "tasks/benchmark_table.h"

using ::testing::HasSubstr;

namespace vlrm::testing {
namespace {

constexpr int64_t kRows = 5;

// Pairs without images, and how often they are asked for.
class CountedBenchmark : public Benchmark {
 public:
  class Stream : public BenchmarkStream {
   public:
    explicit Stream(const CountedBenchmark& benchmark, int64_t first) : benchmark_(benchmark), at_(first) {}
    std::optional<BenchmarkRow> next() override {
      if (at_ == kRows) return std::nullopt;
      ++benchmark_.rows_read;
      BenchmarkRow row;
      row.id = fmt::format("row-{}", at_);
      row.query = "Which?";
      row.responses = {"a", "b"};
      row.fields = {{"ground_truth", {0, 1}}};
      row.source = fmt::format("row {}", at_++);
      return row;
    }

   private:
    const CountedBenchmark& benchmark_;
    int64_t at_;
  };

  CountedBenchmark() : Benchmark(*find_benchmark(all_benchmarks(), "vl-rewardbench")) {}
  int64_t rows() const override { return kRows; }
  std::unique_ptr<BenchmarkStream> stream(int64_t first, Images) const override {
    return std::make_unique<Stream>(*this, first);
  }
  OrderedJson description() const override {
    ++descriptions;
    return {{"task", "vl_rewardbench"}, {"subtask", nullptr}, {"data", nullptr}, {"responses", nullptr}};
  }

  mutable int64_t rows_read = 0, descriptions = 0;
};

class SweepTest : public ::testing::Test {
 protected:
  EvaluationOptions options(const std::string& name) const {
    EvaluationOptions options;
    options.mode = EvaluationMode::no_image;
    options.output = dir / name;
    options.label = name;
    return options;
  }
  std::vector<SweepRecipe> recipes() {
    std::vector<SweepRecipe> recipes;
    for (const char* name : {"a", "b", "c"})
      recipes.push_back({name, options(name), [this] {
                           ++plans;
                           return Model{{}, nullptr, ModelFiles("nowhere")};
                         }});
    return recipes;
  }
  // All results of a recipe.
  void write_results(const std::string& name) const {
    Evaluation evaluation(benchmark, options(name));
    evaluation.begin();
    PreparedBatch<Evaluation::Item> batch;
    const auto rows = evaluation.stream(0);
    batch.items = evaluation.read(*rows, kRows);
    batch.samples.resize(batch.items.size());
    for (PreparedSample& sample : batch.samples) sample.prompts = {"Which? a", "Which? b"};
    evaluation.add(batch, BatchScores(batch.items.size(), {0.5, 0.25}));
  }

  const TemporaryDirectory dir;
  std::shared_ptr<CountedBenchmark> benchmark = std::make_shared<CountedBenchmark>();
  int plans = 0;
};

TEST_F(SweepTest, LooksAtTheRowsOnceForAllRecipes) {
  const Sweep sweep(benchmark, recipes());
  EXPECT_EQ(benchmark->rows_read, kRows);
  EXPECT_EQ(benchmark->descriptions, 1);
  EXPECT_EQ(plans, 3);
}

TEST_F(SweepTest, ChecksTheResultsOfEachRecipeInOnePass) {
  write_results("a");
  write_results("c");
  benchmark->rows_read = 0;
  {
    const Sweep sweep(benchmark, recipes());
    EXPECT_EQ(sweep.done(), 2 * kRows);
    EXPECT_EQ(benchmark->rows_read, kRows);
    EXPECT_EQ(plans, 1);
  }
  const auto file = dir / "c" / "results.jsonl";
  std::string text = read_text_or_throw(file, 1 << 20);
  text.replace(text.find("row-3"), 5, "row-9");
  write_text(file, text);
  const std::string error = error_of([&] { const Sweep sweep(benchmark, recipes()); });
  EXPECT_THAT(error, HasSubstr("c/results.jsonl, line 4: does not hold the result of row 3"));
}

TEST(ChunkLimits, ADeviceAndItsHostHaveOneEach) {
  const ChunkLimits one{100, {}}, two{100, 40};
  EXPECT_TRUE(one.hold(60, 20));
  EXPECT_FALSE(one.hold(61, 20));
  EXPECT_TRUE(two.hold(100, 20));
  EXPECT_FALSE(two.hold(101, 0));
  EXPECT_FALSE(two.hold(0, 21));
}

}  // namespace
}  // namespace vlrm::testing
