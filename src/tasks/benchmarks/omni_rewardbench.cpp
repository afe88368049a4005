// HongbangYuan/OmniRewardBench (arXiv 2510.23451), its task of texts about images: two responses, judged by a criterion
// that stands in the row.
#include "base/error.h"
#include "tasks/benchmarks/benchmarks.h"
#include "tasks/row_fields.h"

namespace vlrm {
namespace {

// The criterion is part of what is asked, in words of ours; the authors' judges have it in their system prompt.
std::string question_of(const std::string& prompt, const std::string& criterion) {
  return prompt + "\n\nThe answer is judged by this criterion: " + criterion;
}

// Nobody's, where people find both as good.
OrderedJson truth_of(const std::string& preferred, const std::string& source) {
  if (preferred == "response1") return {0, 1};
  if (preferred == "response2") return {1, 0};
  if (preferred == "tie") return OrderedJson::array();
  fail("{}: \"criteria_preference\" is {}, not response1, response2 or tie", source, printable(preferred));
}

BenchmarkRow row_of(Row& row) {
  const RowFields fields(row);
  BenchmarkRow made;
  made.id = fields.id("id");
  made.query = question_of(fields.text("prompt"), fields.text("criteria"));
  made.responses = {fields.text("response1"), fields.text("response2")};
  made.fields = {{"ground_truth", truth_of(fields.text("criteria_preference"), row.source)}};
  made.images = fields.take_images();
  return made;
}

}  // namespace

const BenchmarkSpec omni_rewardbench_benchmark{
    .kind = {.task = "omni-rewardbench",
             .title = "Omni-RewardBench (text and image to text)",
             .shape = {RowKind::pairs, true},
             .figures = {Figure::overall, Figure::with_ties, Figure::tie_calibrated}},
    .data = {"HongbangYuan/OmniRewardBench", "text_image_to_text", ""},
    .columns = {{"id", "prompt", "criteria", "response1", "response2", "criteria_preference"}},
    .row = row_of,
    .summary = "HongbangYuan/OmniRewardBench, text and image to text: pairs and ties, judged by criteria",
};

}  // namespace vlrm
