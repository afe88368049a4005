// How two checkpoints, or their task vectors, relate: tensor by tensor.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/progress.h"
#include "weights/checkpoint.h"

namespace vlrm {

struct ComparedModel {
  std::string name;  // what the user called it
  CheckpointPtr weights;
};

// Of one tensor x in A and y in B; with a base, x and y are the differences from it. What divides by 0 is nothing.
struct TensorRelation {
  std::string name;
  std::vector<int64_t> shape;
  double norm_a = 0, norm_b = 0;              // √Σx², √Σy²
  double norm_base = 0;                       // of the base's tensor; 0 without a base
  double dot = 0;                             // Σxy
  int64_t both_not_zero = 0, same_sign = 0;   // elements; of these, those with x·y > 0
  int64_t largest = 0, largest_shared = 0;    // int(top · elements) of x; of these, those that are among y's largest
  std::optional<double> cosine = {};          // dot / (norm_a · norm_b)
  std::optional<double> sign_agreement = {};  // same_sign / both_not_zero
  std::optional<double> top_shared = {};      // largest_shared / largest
};

struct ModelComparison {
  std::vector<TensorRelation> tensors;  // by name
  std::vector<std::string> notes;       // what is not compared, or in part, one line each
};

// Reads the tensors that all have, twice, with all threads; the numbers do not depend on these. Of embeddings and heads
// whose rows differ in number the first common rows are compared. Throws Error where there is no common tensor, for
// models whose matrices differ in shape otherwise, and what reading throws.
ModelComparison compare_models(const ComparedModel& a, const ComparedModel& b, const std::optional<ComparedModel>& base,
                               double top, Progress* progress);

// {"a", "b", "base", "top", "tensors": […], "totals": {"all", "parts", "layers"}, "sentence", "notes": […]}
OrderedJson comparison_json(const ModelComparison& comparison, const ComparedModel& a, const ComparedModel& b,
                            const std::optional<ComparedModel>& base, double top);

// The bytes that compare_models reads at least: for its progress.
int64_t bytes_compared(const ComparedModel& a, const ComparedModel& b, const std::optional<ComparedModel>& base);

}  // namespace vlrm
