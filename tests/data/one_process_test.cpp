// libarrow and libtorch bring copies of the same things along; neither may see the other's.
#include <algorithm>

#include "../model/random_model.h"
#include "data/dataset.h"
#include "support/support.h"

namespace vlrm::testing {
namespace {

int64_t rows_read(const char* name) {
  const auto stream = open_dataset({(goldens() / "eval/data" / name).string(), "", ""})->stream(0);
  int64_t count = 0;
  while (stream->next()) ++count;
  return count;
}

// The reference wrote one line for each row.
int64_t rows_expected(const char* task) {
  const auto lines = read_text_or_throw(goldens() / "eval/results/float32" / task / "vlrm.jsonl");
  return std::ranges::count(lines, '\n');
}

std::vector<std::vector<float>> rewards() {
  const ModelConfig config = small_llama(Head::reward);
  BackendOptions options;
  options.device = "cpu";
  const auto backend = load_backend(config, random_checkpoint(config, 1), options);
  const SharedPrefixBatch batch{{}, random_tokens(config, 5, 1), {random_tokens(config, 3, 2)}};
  return backend->rewards({&batch, 1}, {{7}});
}

// Each runs in a process of its own, so that either library is the first.
TEST(OneProcess, TablesThenModels) {
  VLRM_NEED_GOLDENS();
  EXPECT_EQ(rows_read("vl_rewardbench"), rows_expected("vl_rewardbench"));
  const auto before = rewards();
  EXPECT_EQ(rows_read("vl_rewardbench_saved_to_disk"), rows_expected("vl_rewardbench"));
  EXPECT_EQ(rewards(), before);
}

TEST(OneProcess, ModelsThenTables) {
  VLRM_NEED_GOLDENS();
  const auto before = rewards();
  EXPECT_EQ(rows_read("textvqa"), rows_expected("textvqa_val"));
  EXPECT_EQ(rewards(), before);
  // An exception passes from the library to here.
  const TemporaryDirectory dir;
  write_text(dir / "x.parquet", "no parquet");
  EXPECT_THAT(error_of([&] { open_dataset({dir / "x.parquet", "", ""}); }), ::testing::HasSubstr("cannot be read"));
}

}  // namespace
}  // namespace vlrm::testing
