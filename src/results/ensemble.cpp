#include "results/ensemble.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/joined.h"
#include "results/comparison.h"
#include "results/metrics.h"

namespace vlrm {
namespace {

// All rows, with finite scores. Throws Error naming the row that is not so.
void check_scores(const RunResults& run) {
  if (!run.complete())
    fail("{}: row {} has no score; an ensemble needs those of all {} rows, so finish this evaluation first",
         run.path.string(), run.outcomes.size() + 1, *run.info.rows);
  for (size_t row = 0; row < run.outcomes.size(); ++row)
    if (!std::ranges::all_of(run.outcomes[row].scores, [](double score) { return std::isfinite(score); }))
      fail("{}: row {} has a score that is not a finite number; an ensemble cannot normalise it", run.path.string(),
           row + 1);
}

// Rows without ids have only their correct answers to compare, so the stamps of the data must agree.
void check_same_data(const RunResults& a, const RunResults& b) {
  if (a.info.benchmark.shape.has_id || !a.info.data || !b.info.data) return;
  const std::string &left = a.info.data->stamp, &right = b.info.data->stamp;
  if (!left.empty() && !right.empty() && left != right)
    fail("{} and {}: not of the same samples, the files of their data differ, and rows have no ids", a.path.string(),
         b.path.string());
}

// How a run's scores are normalised.
class Normalisation {
 public:
  // Throws Error where all scores are equal.
  explicit Normalisation(const RunResults& run) {
    std::vector<double> scores;
    for (const Outcome& row : run.outcomes) scores.insert(scores.end(), row.scores.begin(), row.scores.end());
    const auto [least, most] = std::ranges::minmax(scores);
    if (least == most)
      fail("{}: all its scores are {}; without spread they cannot be normalised", run.path.string(), least);
    const auto count = static_cast<double>(scores.size());
    for (const double score : scores) mean_ += score / count;
    double squares = 0;
    for (const double score : scores) squares += (score - mean_) * (score - mean_) / count;
    deviation_ = std::sqrt(squares);
    if (!std::isnormal(deviation_))  // too large, or too close to each other
      fail("{}: its scores cannot be normalised: their standard deviation is {}", run.path.string(), deviation_);
  }
  double operator()(double score) const { return (score - mean_) / deviation_; }

 private:
  double mean_ = 0, deviation_ = 0;
};

double combined(const std::vector<double>& scores, EnsembleMethod method) {
  switch (method) {
    case EnsembleMethod::mean: {
      double sum = 0;
      for (const double score : scores) sum += score;
      return sum / static_cast<double>(scores.size());
    }
    case EnsembleMethod::min:
      return std::ranges::min(scores);
  }
  VLRM_ASSERT(false);
}

std::string label_of(std::span<const RunResults> runs, EnsembleMethod method) {
  std::vector<std::string> labels;
  for (const RunResults& run : runs) labels.push_back(run.info.label);
  return fmt::format("{}({})", kEnsembleMethods[static_cast<size_t>(method)].name, joined(labels));
}

// To EqualScores, texts are nothing but equal or not.
std::vector<std::string> distinct_texts(const Outcome& row) {
  std::vector<std::string> texts;
  for (const uint64_t hash : row.texts) texts.push_back(fmt::format("{}", hash));
  return texts;
}

}  // namespace

RunResults ensemble(std::span<const RunResults> runs, EnsembleMethod method) {
  if (runs.size() < 2) fail("an ensemble needs at least two runs, not {}", runs.size());
  std::vector<Normalisation> normalised;
  for (const RunResults& run : runs) {
    check_comparable(runs.front(), run);
    check_same_data(runs.front(), run);
    check_scores(run);
    normalised.emplace_back(run);
  }
  RunResults result;
  result.info = runs.front().info;
  result.info.label = label_of(runs, method);
  result.info.mode.clear();
  result.info.recipe.reset();
  result.outcomes = runs.front().outcomes;
  for (size_t row = 0; row < result.outcomes.size(); ++row) {
    Outcome& outcome = result.outcomes[row];
    for (size_t response = 0; response < outcome.scores.size(); ++response) {
      std::vector<double> scores;
      for (size_t i = 0; i < runs.size(); ++i) scores.push_back(normalised[i](runs[i].outcomes[row].scores[response]));
      outcome.scores[response] = rounded_score(combined(scores, method));
    }
    outcome.chosen = first_largest(outcome.scores);
    result.equal_scores.add(outcome.scores, distinct_texts(outcome));
  }
  return result;
}

}  // namespace vlrm
