#include "results/benchmark_kind.h"

#include <algorithm>

#include "base/error.h"

namespace vlrm {
namespace {

struct FigureName {
  std::string_view key, title;
};

FigureName figure_name(Figure figure) {
  switch (figure) {
    case Figure::group:
      return {"group", ""};
    case Figure::overall:
      return {"overall", "Overall"};
    case Figure::accuracy:
      return {"accuracy", "Accuracy"};
    case Figure::macro:
      return {"macro", "Macro"};
    case Figure::average:
      return {"average", "Average"};
    case Figure::all_right:
      return {"all_right", "ACC+"};
    case Figure::with_ties:
      return {"with_ties", "With ties"};
    case Figure::tie_calibrated:
      return {"tie_calibrated", "Tie-calibrated"};
    case Figure::pass_1:
      return {"pass_1", "Pass@1"};
    case Figure::pass_n:
      return {"pass_n", "Pass@N"};
    case Figure::random:
      return {"random", "Random"};
    case Figure::drawn:
      return {"drawn", "Drawn"};
  }
  VLRM_ASSERT(false);
  return {};
}

char hyphenated(char c) {
  return c == '_' ? '-' : c;
}

}  // namespace

std::string_view figure_key(Figure figure) {
  return figure_name(figure).key;
}

std::string_view figure_title(Figure figure) {
  return figure_name(figure).title;
}

bool is_of_all_rows(Figure figure) {
  return figure == Figure::overall || figure == Figure::accuracy || figure == Figure::average;
}

bool is_of_model(Figure figure) {
  switch (figure) {
    case Figure::group:
    case Figure::overall:
    case Figure::accuracy:
    case Figure::macro:
    case Figure::average:
    case Figure::all_right:
    case Figure::with_ties:
    case Figure::tie_calibrated:
      return true;
    case Figure::pass_1:
    case Figure::pass_n:
    case Figure::random:
    case Figure::drawn:
      return false;
  }
  VLRM_ASSERT(false);
  return false;
}

bool same_benchmark(const BenchmarkKind& a, const BenchmarkKind& b) {
  return a.task == b.task && a.subtask == b.subtask && a.groups == b.groups;
}

bool same_name(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, hyphenated, hyphenated);
}

bool is_named(const BenchmarkKind& kind, std::string_view name) {
  return same_name(name, kind.task) || (!kind.subtask.empty() && same_name(name, kind.subtask));
}

}  // namespace vlrm
