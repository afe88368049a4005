#include "merge/fit.h"

#include <algorithm>

#include "base/error.h"
#include "merge/vocabulary.h"
#include "weights/tensor_place.h"

namespace vlrm {

std::map<std::string, int64_t> layers_of(const Checkpoint& weights) {
  std::map<std::string, int64_t> layers;  // by prefix
  for (const TensorInfo& tensor : weights.tensors())
    if (const TensorPlace place = place_of(tensor.name); place.in_layer())
      layers[place.prefix] = std::max(layers[place.prefix], place.layer + 1);
  return layers;
}

void refuse_other_layers(const std::map<std::string, int64_t>& layers, const Participant& first,
                         const Participant& other) {
  for (const auto& [prefix, count] : layers_of(*other.source->weights)) {
    const auto own = layers.find(prefix);
    if (own != layers.end() && own->second != count)
      fail("{} has {} layers {}.*, but {} has {}: name the layers by \"slices\"", first.source->name, own->second,
           printable(prefix), other.source->name, count);
  }
}

void refuse_a_hole(const MergeSource& source, const std::string& name) {
  const TensorPlace place = place_of(name);
  if (!place.in_layer()) return;
  for (const TensorInfo& tensor : source.weights->tensors()) {
    const TensorPlace other = place_of(tensor.name);
    if (other.prefix == place.prefix && other.rest == place.rest)
      fail("{} ({}): the tensor {}, which other models have, is missing, though other layers have theirs", source.name,
           source.weights->description(), printable(name));
  }
}

void refuse_other_floats(const std::vector<Participant>& participants, const std::vector<const TensorInfo*>& infos) {
  for (size_t i = 0; i < infos.size(); ++i) {
    const Dtype dtype = infos[i]->dtype;
    if (dtype == Dtype::f64 || dtype == Dtype::f8_e4m3 || dtype == Dtype::f8_e5m2)
      fail("{} ({}): tensor {} is {}; convert the model: only F32, F16 and BF16 are merged",
           participants[i].source->name, participants[i].source->weights->description(), printable(infos[i]->name),
           safetensors_name(dtype));
  }
}

void refuse_other_shapes(const std::vector<Participant>& participants, const std::vector<const TensorInfo*>& infos,
                         const std::string& name) {
  for (size_t i = 1; i < infos.size(); ++i) {
    const auto& first = infos[0]->shape;
    const auto& shape = infos[i]->shape;
    const bool rows_may_differ =
        is_vocabulary(*infos[0], *participants[0].source) && !shape.empty() && shape.size() == first.size();
    if (rows_may_differ ? std::equal(shape.begin() + 1, shape.end(), first.begin() + 1) : shape == first) continue;
    fail("tensor {} is {} in {} and {} in {}: these models cannot be merged", printable(name), shape_string(first),
         participants[0].source->name, shape_string(shape), participants[i].source->name);
  }
}

void StackedLayers::add(const std::string& prefix, const std::string& rest, const TensorInfo& tensor,
                        const MergeSource& source) {
  const auto& [shape, first] = first_.try_emplace(rest, tensor.shape, &source).first->second;
  const auto has_a_layer_of = [&](const MergeSource& model, const std::vector<int64_t>& wanted) {
    return std::ranges::any_of(model.weights->tensors(), [&](const TensorInfo& other) {
      const TensorPlace place = place_of(other.name);
      return other.shape == wanted && place.prefix == prefix && place.rest == rest;
    });
  };
  if (tensor.shape == shape || has_a_layer_of(source, shape) || has_a_layer_of(*first, tensor.shape)) return;
  fail("{}: {} of the layers of {} is {}, but {} in {}: they cannot be layers of one model", recipe_, printable(rest),
       source.name, shape_string(tensor.shape), shape_string(shape), first->name);
}

}  // namespace vlrm
