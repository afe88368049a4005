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

// As the authors' script did before May 2025: what it took for POVID's name is in no id.
size_t group_before_povid_fix(std::string_view id) {
  if (id.starts_with("mathverse") || id.starts_with("mmmu")) return kReasoning;
  return id.starts_with("RLAIF") || id.starts_with("RLHF") ? kHallucination : kGeneral;
}

// As R1-Reward's script does: its names of the two data sets are in small letters, which no id has.
size_t group_of_r1_reward(std::string_view id) {
  if (holds_one_of(id, {"mmmu", "mathverse"})) return kReasoning;
  return holds_one_of(id, {"hallucination", "rlhf", "rlaif"}) ? kHallucination : kGeneral;
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
             .group_of_id = group_of_id,
             .groupings = {{"authors", "the authors' script since May 2025, and lmms-eval", group_of_id},
                           {"authors-2024", "the authors' script before, with POVID's rows in General",
                            group_before_povid_fix},
                           {"r1-reward", "R1-Reward's script, with RLHF-V's and RLAIF-V's rows in General",
                            group_of_r1_reward}}},
    .data = {"MMInstruction/VL-RewardBench", "", "test"},
    .columns = {{"id", "query", "response", "human_ranking"}},
    .row = row_of,
    .summary = "MMInstruction/VL-RewardBench: pairs in three groups",
};

}  // namespace vlrm
