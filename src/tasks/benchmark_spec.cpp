#include "tasks/benchmark_spec.h"

namespace vlrm {

BenchmarkKind best_of_n_kind(std::string subtask, std::string title, std::string variant, std::string id_column) {
  return {.task = "best-of-n",
          .subtask = std::move(subtask),
          .title = std::move(title),
          .variant = std::move(variant),
          .shape = {RowKind::best_of_n, true},
          .figures = {Figure::overall, Figure::pass_1, Figure::pass_n, Figure::random, Figure::drawn},
          .id_column = std::move(id_column)};
}

}  // namespace vlrm
