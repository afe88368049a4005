#include "report/sweeps.h"

#include "runs.h"
#include "support/support.h"

using ::testing::HasSubstr;

namespace vlrm::testing {
namespace {

RunSummary merged(const std::string& recipe) {
  RunSummary run;
  run.info = parse_run_info(
      parse_ordered_json_or_throw("{\"task\": \"rlaif-v\", \"rows\": 1, \"recipe\": " + recipe + "}", "run.json"),
      "run.json", all_kinds());
  return run;
}

std::string setting(const std::string& method, const std::string& vlm, const std::string& rm,
                    const std::string& density) {
  return fmt::format(
      R"({{"file": "a.yml", "seed": 0, "method": "{}", "weights": {{"vlm": {}, "rm": {}}}, "density": {}}})", method,
      vlm, rm, density);
}

OrderedJson sweeps_of(const std::vector<std::string>& recipes) {
  std::vector<RunSummary> runs;
  for (const std::string& recipe : recipes) runs.push_back(merged(recipe));
  std::vector<const RunSummary*> pointers;
  for (const RunSummary& run : runs) pointers.push_back(&run);
  return sweeps_json(pointers);
}

TEST(Sweeps, LinearIsOverTheRewardModelsRatio) {
  EXPECT_EQ(sweeps_of({setting("linear", "0.9", "0.1", "null"), setting("linear", "0.5", "0.5", "null")}).dump(),
            R"([{"method":"linear","points":[{"run":0,"weight":0.1},{"run":1,"weight":0.5}]}])");
}

TEST(Sweeps, SparseMethodsAreOverWeightAndDensity) {
  EXPECT_EQ(
      sweeps_of({setting("ties", "1", "1", "0.4"), "null", setting("ties", "0.7", "0.7", "0.2")}).dump(),
      R"([{"method":"ties","points":[{"run":0,"weight":1.0,"density":0.4},{"run":2,"weight":0.7,"density":0.2}]}])");
}

TEST(Sweeps, WhatIsNotOneNumberIsInNoChart) {
  const std::string good = setting("task_arithmetic", "0.5", "0.5", "null");
  EXPECT_TRUE(sweeps_of({good}).empty());  // one is no sweep
  EXPECT_TRUE(sweeps_of({good, setting("task_arithmetic", "0.5", "0.6", "null")}).empty());
  EXPECT_TRUE(sweeps_of({good, setting("task_arithmetic", "null", "null", "null")}).empty());
  EXPECT_TRUE(sweeps_of({setting("dare_ties", "1", "1", "0.5"), setting("dare_ties", "1", "1", "null")}).empty());
  EXPECT_TRUE(sweeps_of({good, R"({"file": "a.yml", "seed": 0})", "\"a.yml\"", R"({"method": "new"})"}).empty());
}

TEST(Sweeps, AWrongKindIsNamed) {
  EXPECT_THAT(error_of([] { merged(R"({"method": "ties", "density": "much"})"); }), HasSubstr("run.json"));
  EXPECT_THAT(error_of([] { merged(R"({"method": 7})"); }), HasSubstr("method"));
}

}  // namespace
}  // namespace vlrm::testing
