#include "report/provenance.h"

#include "support/support.h"

using ::testing::HasSubstr;

namespace vlrm::testing {
namespace {

std::string provenance_of(const std::string& run_json) {
  TemporaryDirectory directory;
  write_text(directory / "run.json", run_json);
  return provenance_json(directory.path()).dump();
}

TEST(Provenance, IsWhatRunJsonSays) {
  EXPECT_EQ(provenance_of(R"({"vlrm": "0.1.0", "mode": "image", "vlm": {"name": "V", "stamp": "1"}, "rm": {"name": "R"},
      "recipe": {"file": "t.yml", "digest": "0", "seed": 3, "method": "ties", "weights": {"vlm": 1.0, "rm": 0.5},
                 "density": 0.4}, "dtype": "bfloat16", "device": "cpu", "likelihood": false,
      "data": {"name": "D", "config": "", "split": "test", "rows": 9}, "rows": 5, "limit": 5, "date": null})"),
            R"-({"Mode":"image","VLM":"V","Reward model":"R",)-"
            R"-("Recipe":"ties, weights vlm 1.0 rm 0.5, density 0.4, seed 3 (t.yml)",)-"
            R"("dtype":"bfloat16","Device":"cpu","Dataset":"D","Split":"test","Rows":"5","Limit":"5","vlrm":"0.1.0"})");
}

TEST(Provenance, RowsOfOtherSettingsAreNamed) {
  EXPECT_THAT(provenance_of(R"({"mixed": [{"rows": [[0, 63], [70, 70]], "device": "cuda", "dtype": "float16"}, 7]})"),
              HasSubstr(R"("Mixed rows":"0–63, 70–70: device cuda, dtype float16")"));
}

TEST(Provenance, WhatIsMissingOrOddIsLeftOut) {
  EXPECT_EQ(provenance_of("[]"), "{}");
  EXPECT_EQ(provenance_of(R"({"vlm": "V", "recipe": 7, "data": null, "mixed": {}, "dtype": ["x"]})"), "{}");
  TemporaryDirectory directory;
  EXPECT_EQ(provenance_json(directory / "rows.jsonl").dump(), "{}");
  EXPECT_THAT(error_of([] { provenance_of("{"); }), HasSubstr("run.json"));
}

}  // namespace
}  // namespace vlrm::testing
