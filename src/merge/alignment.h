// Embedding rows of several models brought onto one vocabulary, as mergekit does: tokens are matched by their string.
//
// A token that only one model has gets that model's row in all of them; one that some have gets, where it is missing,
// the base's row if the base has it, else the mean of those that have it. Rows past the vocabulary are the mean of the
// rows before them, each model's own. For single tokens a recipe may say otherwise.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "merge/token_rows.h"
#include "weights/checkpoint.h"

namespace vlrm {

class RowAlignment {
 public:
  struct Model {
    const TokenRows* vocabulary;
    int64_t rows;  // of its tensor: tokens with an id beyond are not there
  };
  // The row of a token that a model lacks, or, forced, of all models.
  struct Choice {
    std::optional<size_t> model;  // a position in `models`; none: zeros
    int64_t row = 0;              // of that model
    bool force = false;
  };
  using Choices = std::map<std::string, Choice, std::less<>>;  // by token
  // `base` is a position in `models`. Throws Error where the output's ids are not 0, 1, 2 … without a gap.
  RowAlignment(const TokenRows& output, std::span<const Model> models, std::optional<size_t> base,
               int64_t pad_to_multiple_of, const Choices& choices = {});

  int64_t rows() const { return plan_->rows; }  // of the output, padding included

  // tensors[i] is model i's, [its rows, columns] or [its rows]; what comes back are readers of as many columns and
  // rows() rows, float32 unless a model's rows are in place already. They gather while they are read, consecutive rows
  // in one go. Where there are padding rows this reads the tensors once for their means, with all threads.
  std::vector<std::shared_ptr<const TensorReader>> align(
      std::vector<std::shared_ptr<const TensorReader>> tensors) const;

 private:
  // Output rows from `first` to the next run's come from consecutive rows of model `donor`, starting with `row`; for
  // kMean, from entry `row` of Plan::means and the following.
  struct Run {
    int64_t first = 0, row = 0;
    int donor = 0;
  };
  static constexpr int kZero = -1, kMean = -2;
  struct Plan {
    int64_t tokens = 0, rows = 0;
    std::vector<std::vector<Run>> runs;  // by model
    // Tokens whose row is a mean: for each model its row there, −1 where it has none.
    std::vector<std::vector<int64_t>> means;
  };
  class AlignedTensor;

  static void add_row(std::vector<Run>& runs, const Run& row);
  bool in_place(size_t model, const TensorInfo& tensor) const;

  std::shared_ptr<const Plan> plan_;
};

}  // namespace vlrm
