// Whether models fit together, tensor by tensor; what does not is an error.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "merge/merge_plan.h"

namespace vlrm {

// A model that takes part in a slice.
struct Participant {
  const RecipeModel* model;  // in the recipe; null for a base that is not listed
  const MergeSource* source;
  int position;  // among the slice's models
  bool is_base;  // that stands apart

  int64_t first_layer() const { return model != nullptr && model->layers ? model->layers->begin : 0; }
};

// The number of layers by what stands before it in the tensors' names.
std::map<std::string, int64_t> layers_of(const Checkpoint& weights);

// All throw Error naming the models. `infos` are the participants' versions of a tensor.

// Where `other` has more or fewer layers than `layers`, those of `first`: they cannot be merged one by one.
void refuse_other_layers(const std::map<std::string, int64_t>& layers, const Participant& first,
                         const Participant& other);
// Where `source` lacks the tensor of a layer, though it has it in others: by some accident.
void refuse_a_hole(const MergeSource& source, const std::string& name);
// For F64 and F8: these are weights, and what is no weight is taken from one model.
void refuse_other_floats(const std::vector<Participant>& participants, const std::vector<const TensorInfo*>& infos);
// For versions of different shapes, but for the rows of a vocabulary, which are fitted.
void refuse_other_shapes(const std::vector<Participant>& participants, const std::vector<const TensorInfo*>& infos,
                         const std::string& name);

// The layers of a module made of slices: those of different models must be of one shape, but for models whose own
// layers differ so.
class StackedLayers {
 public:
  explicit StackedLayers(std::string recipe) : recipe_(std::move(recipe)) {}  // as errors call it
  // `tensor` of a layer, in its place `prefix`.N.`rest`, made of `source` and others like it. Throws Error where it
  // does not fit those before.
  void add(const std::string& prefix, const std::string& rest, const TensorInfo& tensor, const MergeSource& source);

 private:
  std::string recipe_;
  std::map<std::string, std::pair<std::vector<int64_t>, const MergeSource*>> first_;  // by rest
};

}  // namespace vlrm
