#include "generate/generation_config.h"
#include "support/support.h"

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

namespace vlrm::testing {
namespace {

std::vector<int32_t> stops(const std::string& generation, const std::string& config) {
  const TemporaryDirectory directory;
  if (!generation.empty()) write_text(directory.path() / "generation_config.json", generation);
  write_text(directory.path() / "config.json", config);
  return stop_tokens(directory.path());
}

TEST(StopTokens, AreOneOrAListOfTheFirstFileThatHasThem) {
  EXPECT_THAT(stops(R"({"eos_token_id": [3, 5]})", R"({"eos_token_id": 7})"), ElementsAre(3, 5));
  EXPECT_THAT(stops(R"({"eos_token_id": 4})", "{}"), ElementsAre(4));
  EXPECT_THAT(stops(R"({"eos_token_id": null})", R"({"eos_token_id": 7})"), ElementsAre(7));
  EXPECT_THAT(stops("", R"({"text_config": {"eos_token_id": [8]}})"), ElementsAre(8));
  EXPECT_THAT(stops("", "{}"), IsEmpty());
}

TEST(StopTokens, MustBeTokens) {
  for (const std::string bad :
       {R"({"eos_token_id": "x"})", R"({"eos_token_id": -1})", R"({"eos_token_id": [1, 1e99]})"})
    EXPECT_THAT(error_of([&] { stops(bad, "{}"); }), ::testing::HasSubstr("\"eos_token_id\" must be a token's number"));
}

}  // namespace
}  // namespace vlrm::testing
