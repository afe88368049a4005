// yifanzhang114/MM-RLHF-RewardBench (arXiv 2502.10391): several pairs for each question. Rows that show a video are
// left out.
#include "base/error.h"
#include "tasks/benchmarks/benchmarks.h"
#include "tasks/row_fields.h"

namespace vlrm {
namespace {

struct Category {
  std::string_view in_path, title;
};
// In the order in which the authors' script looks for them.
constexpr Category kCategories[] = {{"mcq", "MCQ"}, {"long", "Long"}, {"short", "Short"}, {"safety", "Safety"}};

// The kind of question stands in the image's path.
size_t group_of(const std::string& path, const std::string& source) {
  for (size_t i = 0; i < std::size(kCategories); ++i)
    if (path.find(kCategories[i].in_path) != path.npos) return i;
  fail("{}: the path of its image, {}, has none of mcq, long, short and safety", source, printable(path));
}

BenchmarkRow row_of(Row& row) {
  const RowFields fields(row);
  BenchmarkRow made;
  made.id = fields.id("id");
  made.query = fields.text("prompt");
  // The rejected one first: the authors count equal scores as wrong.
  made.responses = {fields.text("rejected"), fields.text("chosen")};
  made.fields = {{"ground_truth", {1, 0}}};
  made.group = group_of(fields.text("image"), row.source);
  made.images = fields.take_images();
  return made;
}

std::string unit_of_id(std::string_view id) {
  return std::string(id);
}

}  // namespace

const BenchmarkSpec mm_rlhf_rewardbench_benchmark{
    .kind = {.task = "mm-rlhf-rewardbench",
             .title = "MM-RLHF-RewardBench",
             .shape = {RowKind::pairs, true},
             .figures = {Figure::group, Figure::overall, Figure::all_right},
             .groups = {"MCQ", "Long", "Short", "Safety"},
             .left_out_field = "video",
             .unit_of_id = unit_of_id},
    .data = {"yifanzhang114/MM-RLHF-RewardBench", "", ""},
    .columns = {{"id", "image", "video", "prompt", "chosen", "rejected"}},
    .row = row_of,
    .summary = "yifanzhang114/MM-RLHF-RewardBench: pairs in four groups, without videos",
    .left_out = "rows that show a video",
};

}  // namespace vlrm
