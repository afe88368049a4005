// A comparison in few figures: the tensors of a part or a range of layers together, and where two models conflict.
#pragma once

#include <vlrm/compare.h>

#include <string>
#include <vector>

#include "compare/comparison.h"

namespace vlrm {

// Adds up tensors. Those with elements that are infinite or NaN are left out.
class RelationSum {
 public:
  void add(const TensorRelation& tensor);
  TotalRelation total(std::string name) const;

 private:
  int64_t tensors_ = 0, elements_ = 0, both_ = 0, same_sign_ = 0, largest_ = 0, largest_shared_ = 0;
  double a_ = 0, b_ = 0, base_ = 0, dot_ = 0;  // sums of products
};

struct ComparisonTotals {
  TotalRelation all;
  // Embeddings, attention, MLP, norms, others, those that are there; of a model with several stacks of layers, by
  // stack.
  std::vector<TotalRelation> parts;
  std::vector<TotalRelation> layers;  // of each stack, in at most four ranges
  std::vector<TotalRelation> places;  // a module in such a range, or a tensor in no layer
};
ComparisonTotals totals_of(const ModelComparison& comparison);

// One sentence: the place where the two point most against each other, or that none does. `has_base`: the tensors are
// differences from one. Conflict is a cosine below -0.05 and below -3/√elements, which chance hardly reaches.
std::string conflict_in_words(const ComparisonTotals& totals, bool has_base);

// {"all": {…}, "parts": […], "layers": […]}
OrderedJson totals_json(const ComparisonTotals& totals);

}  // namespace vlrm
