// lca0503/rlaif_v_train_400: the chosen response against the rejected one.
#include "tasks/benchmarks/benchmarks.h"
#include "tasks/row_fields.h"

namespace vlrm {
namespace {

BenchmarkRow row_of(Row& row) {
  const RowFields fields(row);
  BenchmarkRow made;
  made.query = fields.text("question");
  made.responses = {fields.text("chosen"), fields.text("rejected")};
  made.fields = {{"ground_truth", {0, 1}}};
  made.images = fields.take_images();
  return made;
}

}  // namespace

const BenchmarkSpec rlaif_v_benchmark{
    .kind = {.task = "rlaif-v", .title = "RLAIF-V", .shape = {RowKind::pairs, false}, .figures = {Figure::accuracy}},
    .data = {"lca0503/rlaif_v_train_400", "", "test"},
    .columns = {{"question", "chosen", "rejected"}},
    .row = row_of,
    .summary = "lca0503/rlaif_v_train_400: chosen against rejected",
};

}  // namespace vlrm
