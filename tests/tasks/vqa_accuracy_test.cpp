#include "tasks/vqa_accuracy.h"

#include "base/line_reader.h"
#include "python/json.h"
#include "support/support.h"

namespace vlrm::testing {
namespace {

TEST(VqaAccuracy, NormalisesAnswers) {
  const auto expect = [](const char* answer, const char* normal) { EXPECT_EQ(normalized_vqa_answer(answer), normal); };
  expect("Dakota Digital.", "dakota digital");
  expect("  The  Coca-Cola\n", "coca cola");
  expect("10-08 - no", "1008 no");  // one dash beside a space takes all out
  expect("1,000?", "1000");
  expect("$3.82.", "$3.82");
  expect("v1.x", "v1x");
  expect("Two of ten", "2 of 10");
  expect("None", "0");
  expect("dont", "don't");
  expect("couldntve", "couldntve");  // lacks two
  expect("somebody'd", "somebodyd");
  expect("John's", "john 's");
  expect("an apple a day", "apple day");
  expect("ÀÉ", "àé");
  expect("?!", "");
  expect(std::string(40, '.').c_str(), "........");  // 32 go
}

TEST(VqaAccuracy, IsTheMeanOverThePeople) {
  const auto accuracy = [](int64_t same) {
    std::vector<std::string> answers(10, "no");
    for (int64_t i = 0; i < same; ++i) answers[static_cast<size_t>(i)] = "yes";
    return python_json(vqa_accuracy("Yes.", answers));
  };
  // As Python's statistics.mean gives them.
  EXPECT_EQ(accuracy(0), "0.0");
  EXPECT_EQ(accuracy(1), "0.3");
  EXPECT_EQ(accuracy(2), "0.6");
  EXPECT_EQ(accuracy(3), "0.9");
  EXPECT_EQ(accuracy(4), "1");
  EXPECT_EQ(accuracy(10), "1");
}

// Every response of the reference's best_of_n/textvqa_val.jsonl.
TEST(VqaAccuracy, GivesThePublishedCorrectness) {
  VLRM_NEED_GOLDENS();
  LineReader lines((seed() / "best_of_n/textvqa_val.jsonl").string());
  int64_t responses = 0, different = 0;
  for (std::string line; lines.next_not_blank(line);) {
    const OrderedJson row = parse_python_json_or_throw(line, lines.source());
    const auto answers = row.at("answers").get<std::vector<std::string>>();
    for (size_t i = 0; i < row.at("responses").size(); ++i, ++responses) {
      const std::string found = python_json(vqa_accuracy(row.at("responses")[i], answers));
      if (found != python_json(row.at("correctness")[i]) && ++different <= 5)
        ADD_FAILURE() << lines.source() << ", response " << i << ": " << found;
    }
  }
  EXPECT_EQ(responses, figures_of_published_responses().at("responses"));
  EXPECT_EQ(different, 0);
}

}  // namespace
}  // namespace vlrm::testing
