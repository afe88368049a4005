// MMInstruction/VL-RewardBench: pairs in three groups.
#include <algorithm>

#include "base/error.h"
#include "tasks/benchmarks/benchmarks.h"
#include "tasks/row_fields.h"

namespace vlrm {
namespace {

enum Group : size_t { kGeneral, kHallucination, kReasoning };

bool holds_one_of(std::string_view text, std::initializer_list<std::string_view> parts) {
  return std::ranges::any_of(parts, [&](auto part) { return text.find(part) != text.npos; });
}

size_t group_of_id(std::string_view id) {
  if (holds_one_of(id, {"mmmu_pro", "mathverse"})) return kReasoning;
  if (holds_one_of(id, {"hallucination_pair", "RLAIF-V", "RLHF-V"})) return kHallucination;
  return kGeneral;
}

BenchmarkRow row_of(Row& row) {
  const RowFields fields(row);
  BenchmarkRow made;
  made.id = fields.id("id");
  made.query = fields.text("query");
  made.responses = fields.texts("response");
  if (made.responses.size() != 2) fail("{}: \"response\" holds {} texts, not 2", row.source, made.responses.size());
  made.fields = {{"ground_truth", fields.ranking("human_ranking", 2)}};
  made.group = group_of_id(id_text(made.id));
  made.images = fields.take_images();
  return made;
}

}  // namespace

const BenchmarkSpec vl_rewardbench_benchmark{
    .kind = {.task = "vl-rewardbench",
             .title = "VL-RewardBench",
             .shape = {RowKind::pairs, true},
             .figures = {Figure::group, Figure::overall, Figure::macro},
             .groups = {"General", "Hallucination", "Reasoning"},
             .group_of_id = group_of_id},
    .data = {"MMInstruction/VL-RewardBench", "", "test"},
    .columns = {"id", "query", "response", "human_ranking"},
    .row = row_of,
    .summary = "MMInstruction/VL-RewardBench: pairs in three groups",
};

}  // namespace vlrm
