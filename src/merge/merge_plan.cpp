#include "merge/merge_plan.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "merge/fit.h"
#include "merge/planned_tensor.h"
#include "merge/vocabulary.h"
#include "weights/tensor_place.h"
#include "weights/views.h"

namespace vlrm {
namespace {

// One tensor of the output, and what its participants call it.
struct Wanted {
  std::string name;
  double depth = 0;
  std::vector<std::string> names;  // of the participants' tensors
};

class Planner {
 public:
  Planner(const Recipe& recipe, const MergeSources& sources)
      : recipe_(recipe), sources_(sources), vocabularies_(recipe, sources) {
    result_.notes = recipe.notes;
  }

  MergePlan plan() {
    for (const RecipeModule& module : recipe_.modules) plan_module(module);
    if (merged_ == 0) fail("{}: no tensor is in all models: they are of different kinds", recipe_.source);
    carry_over_other_modules();
    result_.weights = planned_checkpoint(std::move(tensors_), "the merged model");
    note_what_was_carried_over();
    if (weights_cancel_ && merged_ > 0) note_that_weights_cancel();
    return std::move(result_);
  }

 private:
  using Names = std::set<std::string>;

  // Slices and modules.

  static bool is_default(const RecipeModule& module) { return module.name.empty() || module.name == "default"; }

  // Whether a tensor is of the module: its name begins like it; the default module has what no other has.
  bool owns(const RecipeModule& module, const std::string& tensor) const {
    const auto begins_like = [&](const RecipeModule& other) {
      return !is_default(other) && tensor.starts_with(other.name + ".");
    };
    return is_default(module) ? std::ranges::none_of(recipe_.modules, begins_like) : begins_like(module);
  }

  std::vector<Participant> participants_of(const RecipeSlice& slice) const {
    const auto& base_name = slice.base_model ? slice.base_model : recipe_.base_model;
    const bool apart = base_name && recipe_.method->base != BaseModel::a_model;
    std::vector<Participant> participants;
    std::optional<Participant> base;
    if (apart) base = {nullptr, &sources_.models.at(*base_name), -1, true};
    for (size_t i = 0; i < slice.models.size(); ++i) {
      const RecipeModel& model = slice.models[i];
      Participant participant{&model, &sources_.models.at(model.name), static_cast<int>(i), false};
      if (apart && model.name == *base_name)
        base->model = &model;
      else
        participants.push_back(participant);
    }
    if (base) participants.push_back(*base);
    return participants;
  }

  Names names_of(const RecipeModule& module, const std::vector<Participant>& participants) const {
    Names names;
    for (const Participant& participant : participants)
      for (const TensorInfo& tensor : participant.source->weights->tensors())
        if (owns(module, tensor.name)) names.insert(tensor.name);
    return names;
  }

  void plan_module(const RecipeModule& module) {
    const bool whole = module.slices.size() == 1 && !module.slices[0].models[0].layers;
    whole ? plan_whole(module, module.slices[0]) : plan_slices(module);
  }

  static double depth_in(int64_t layer, int64_t layers) {
    return layers > 1 ? static_cast<double>(layer) / static_cast<double>(layers - 1) : 1;
  }

  void plan_whole(const RecipeModule& module, const RecipeSlice& slice) {
    const auto participants = participants_of(slice);
    const Names names = names_of(module, participants);
    if (names.empty() && module.name.empty())
      fail("{} ({}): holds no tensor", participants[0].source->name, participants[0].source->weights->description());
    if (names.empty()) fail("{}: no tensor is of the module \"{}\"", recipe_.source, printable(module.name));
    std::map<std::string, int64_t> layers = layers_of(*participants[0].source->weights);
    for (const Participant& other : participants) refuse_other_layers(layers, participants[0], other);
    for (const std::string& name : names) {
      const TensorPlace place = place_of(name);
      const double depth = place.in_layer()         ? depth_in(place.layer, layers[place.prefix])
                           : is_before_layers(name) ? 0
                                                    : 1;
      plan_tensor({module, slice}, participants, {name, depth, std::vector(participants.size(), name)});
    }
  }

  // What its layers are called: of several kinds, the one with the most tensors.
  std::string layers_prefix(const RecipeModule& module) const {
    std::map<std::string, int64_t> tensors;
    for (const Participant& participant : participants_of(module.slices[0]))
      for (const TensorInfo& tensor : participant.source->weights->tensors())
        if (const TensorPlace place = place_of(tensor.name); place.in_layer() && owns(module, tensor.name))
          ++tensors[place.prefix];
    if (tensors.empty())
      fail("{}: no model has layers{}", recipe_.source,
           module.name.empty() ? "" : " in the module \"" + printable(module.name) + "\"");
    return std::ranges::max_element(tensors, {}, &std::pair<const std::string, int64_t>::second)->first;
  }

  void plan_slices(const RecipeModule& module) {
    const std::string prefix = layers_prefix(module);
    for (const bool before : {true, false}) {
      const RecipeSlice& slice = before ? module.slices.front() : module.slices.back();
      const auto participants = participants_of(slice);
      for (const std::string& name : names_of(module, participants))
        if (place_of(name).prefix != prefix && is_before_layers(name) == before)
          plan_tensor({module, slice}, participants,
                      {name, before ? 0.0 : 1.0, std::vector(participants.size(), name)});
    }
    int64_t layer = 0;
    stacked_ = StackedLayers(recipe_.source);
    for (const RecipeSlice& slice : module.slices) {
      const int64_t count = slice.models[0].layers->end - slice.models[0].layers->begin;
      const auto participants = participants_of(slice);
      for (const Participant& each : participants) require_layers(each, prefix, count);
      if (layer + count > json_limits::kRepeats)
        fail("{}: the slices make more than {} layers", recipe_.source, json_limits::kRepeats);
      for (int64_t i = 0; i < count; ++i)
        plan_layer({module, slice}, participants, prefix, i, layer++, depth_in(i, count));
    }
    result_.layers = layer;
  }

  void require_layers(const Participant& participant, const std::string& prefix, int64_t count) const {
    const auto layers = layers_of(*participant.source->weights);
    const auto found = layers.find(prefix);
    const int64_t end = participant.first_layer() + count, has = found == layers.end() ? 0 : found->second;
    if (end > has)
      fail("{}: layer_range ends at {}, but {} has {} layers {}.*", recipe_.source, end, participant.source->name, has,
           printable(prefix));
  }

  void plan_layer(const Recipe::Place& place, const std::vector<Participant>& participants, const std::string& prefix,
                  int64_t index, int64_t layer, double depth) {
    Names rests;
    for (const Participant& participant : participants) {
      const std::string begin = fmt::format("{}.{}.", prefix, participant.first_layer() + index);
      for (const TensorInfo& tensor : participant.source->weights->tensors())
        if (tensor.name.starts_with(begin)) rests.insert(tensor.name.substr(begin.size()));
    }
    for (const std::string& rest : rests) {
      Wanted wanted{fmt::format("{}.{}.{}", prefix, layer, rest), depth, {}};
      for (const Participant& participant : participants)
        wanted.names.push_back(fmt::format("{}.{}.{}", prefix, participant.first_layer() + index, rest));
      plan_tensor(place, participants, wanted);
      stacked_.add(prefix, rest, tensors_.back().output, *participants.front().source);
    }
  }

  // Tensors.

  void plan_tensor(const Recipe::Place& place, const std::vector<Participant>& participants, const Wanted& wanted) {
    std::vector<const TensorInfo*> infos;
    for (size_t i = 0; i < participants.size(); ++i) infos.push_back(find(*participants[i].source, wanted.names[i]));
    const bool everywhere = std::ranges::none_of(infos, [](const TensorInfo* info) { return info == nullptr; });
    if (everywhere && infos.size() > 1) refuse_other_floats(participants, infos);
    const auto is_number = [](const TensorInfo* info) { return info == nullptr || is_float(info->dtype); };
    if (!everywhere || !std::ranges::all_of(infos, is_number))
      return carry_over(participants, infos, wanted, everywhere);

    PlannedTensor planned;
    planned.output = {wanted.name, Dtype::f32, infos[0]->shape};
    for (size_t i = 0; i < participants.size(); ++i)
      planned.origins.push_back({participants[i].source->weights, infos[i]->name});
    planned.has_base = participants.back().is_base;
    if (are_vocabularies(participants, infos)) fit_rows(participants, infos, planned);
    refuse_other_shapes(participants, infos, wanted.name);
    planned.merge = numbers_of(place, participants, wanted, planned.output);
    ++merged_;
    result_.stored[wanted.name] = (planned.has_base ? infos.back() : infos.front())->dtype;
    tensors_.push_back(std::move(planned));
  }

  static bool are_vocabularies(const std::vector<Participant>& participants,
                               const std::vector<const TensorInfo*>& infos) {
    for (size_t i = 0; i < infos.size(); ++i)
      if (!is_vocabulary(*infos[i], *participants[i].source)) return false;
    return true;
  }

  // A head that a tied model lacks is its embeddings; a reward model has no head at all.
  static const TensorInfo* find(const MergeSource& source, const std::string& name) {
    const TensorInfo* info = source.weights->find(name);
    const bool is_head = is_named_like_head(name) && !name.ends_with(".bias");
    return info == nullptr && is_head && source.tied ? tied_embeddings(source) : info;
  }

  void carry_over(const std::vector<Participant>& participants, const std::vector<const TensorInfo*>& infos,
                  const Wanted& wanted, bool everywhere) {
    size_t chosen = infos.back() != nullptr && participants.back().is_base ? infos.size() - 1 : 0;
    while (infos[chosen] == nullptr) ++chosen;
    const MergeSource& source = *participants[chosen].source;
    for (size_t i = 0; i < infos.size(); ++i)
      if (infos[i] == nullptr) refuse_a_hole(*participants[i].source, wanted.names[i]);
    tensors_.push_back({{wanted.name, infos[chosen]->dtype, infos[chosen]->shape},
                        {{source.weights, infos[chosen]->name}},
                        std::nullopt,
                        false,
                        nullptr});
    (everywhere ? no_floats_ : not_everywhere_)[source.name].push_back(wanted.name);
  }

  // Modules that the recipe does not name are left as they are.
  void carry_over_other_modules() {
    Names planned;
    for (const PlannedTensor& tensor : tensors_) planned.insert(tensor.output.name);
    const auto is_of_a_module = [&](const std::string& name) {
      return std::ranges::any_of(recipe_.modules, [&](const RecipeModule& module) { return owns(module, name); });
    };
    const MergeSource& source = sources_.models.at(recipe_.base_model.value_or(recipe_.model_names().front()));
    for (const TensorInfo& tensor : source.weights->tensors()) {
      if (is_of_a_module(tensor.name) || !planned.insert(tensor.name).second) continue;
      tensors_.push_back({tensor, {{source.weights, tensor.name}}, std::nullopt, false, nullptr});
      of_other_modules_[source.name].push_back(tensor.name);
    }
  }

  void fit_rows(const std::vector<Participant>& participants, const std::vector<const TensorInfo*>& infos,
                PlannedTensor& planned) {
    for (size_t i = 0; i < infos.size(); ++i)
      if (infos[i]->shape.size() != (is_bias_of_head(infos[i]->name) ? 1 : 2))
        fail("{} ({}): tensor {} is {}, not rows of embeddings", participants[i].source->name,
             participants[i].source->weights->description(), printable(infos[i]->name), shape_string(infos[i]->shape));
    if (recipe_.tokenizer_source || recipe_.tokenizer_union) {
      std::vector<Vocabularies::Input> inputs;
      for (size_t i = 0; i < infos.size(); ++i) inputs.push_back({participants[i].source, infos[i]->shape[0]});
      planned.alignment =
          vocabularies_.align(inputs, planned.has_base ? std::optional(inputs.size() - 1) : std::nullopt);
      planned.output.shape[0] = planned.alignment->rows();
      return;
    }
    for (const TensorInfo* info : infos) planned.output.shape[0] = std::min(planned.output.shape[0], info->shape[0]);
    const int64_t least = planned.output.shape[0];
    for (size_t i = 0; i < infos.size(); ++i) {
      if (infos[i]->shape[0] == least) continue;
      result_.notes.push_back(fmt::format(
          "{}: without \"tokenizer\", only the first {} of the {} rows that {} has of the tensor {} are merged",
          recipe_.source, least, infos[i]->shape[0], printable(participants[i].source->name),
          printable(infos[i]->name)));
      planned.origins[i].weights = with_first_rows(planned.origins[i].weights, infos[i]->name, least);
    }
  }

  static bool is_bias_of_head(const std::string& name) { return is_named_like_head(name) && name.ends_with(".bias"); }

  // Numbers.

  TensorMerge numbers_of(const Recipe::Place& place, const std::vector<Participant>& participants, const Wanted& wanted,
                         const TensorInfo& output) {
    TensorMerge merge;
    merge.output = output;
    merge.method = recipe_.method;
    merge.seed = recipe_.seed;
    std::vector<const RecipeModel*> models;
    for (size_t i = 0; i < participants.size(); ++i)
      if (!participants[i].is_base) {
        merge.inputs.push_back({.model = participants[i].position});
        models.push_back(participants[i].model);
      }
    for (const MethodParameter& parameter : recipe_.method->parameters) {
      const std::string name(parameter.name);
      if (parameter.of == MethodParameter::Of::merge) {
        const auto value = recipe_.parameter(place, nullptr, name, wanted.name, wanted.depth);
        if (!value && !parameter.default_value)
          fail("{}: there is no {} for the tensor {}", recipe_.source, name, printable(wanted.name));
        if (value) merge.parameters.set(name, *value);
        continue;
      }
      for (size_t i = 0; i < models.size(); ++i) {
        const auto value = recipe_.parameter(place, models[i], name, wanted.names[i], wanted.depth);
        if (!value && !parameter.default_value)
          fail("{}: the model \"{}\" has no {} for the tensor {}", recipe_.source, printable(models[i]->name), name,
               printable(wanted.name));
        if (value) merge.inputs[i].parameters.set(name, *value);
      }
    }
    check(merge, models);
    return merge;
  }

  void check(const TensorMerge& merge, const std::vector<const RecipeModel*>& models) {
    const Method& method = *merge.method;
    if (const auto problem = method.problem == nullptr ? std::nullopt : method.problem(merge)) {
      std::string model;
      if (problem->input != nullptr)
        model = fmt::format(", model \"{}\"",
                            printable(models[static_cast<size_t>(problem->input - merge.inputs.data())]->name));
      fail("{}: tensor {}{}: {}", recipe_.source, printable(merge.output.name), model, problem->what);
    }
    if (is_named_like_head(merge.output.name)) return;
    weights_cancel_ = weights_cancel_ && method.name == "ties" && merge.inputs.size() > 1 &&
                      merge.is_set("normalize") &&
                      std::ranges::all_of(merge.inputs, [&](const TensorMerge::Input& input) {
                        const double weight = merge.number(input, "weight");
                        return weight == merge.number(merge.inputs[0], "weight") && weight != 0;
                      });
  }

  // Notes.

  void note_that_weights_cancel() {
    result_.notes.emplace_back(
        "ties divides by the weights of the models that agree, so a weight common to all models cancels: another "
        "weight gives the same model (normalize: false makes it count)");
  }

  void note_what_was_carried_over() {
    const auto add = [&](const std::map<std::string, std::vector<std::string>>& carried, const char* why) {
      for (const auto& [model, names] : carried)
        result_.notes.push_back(fmt::format("{} tensor{} {}: taken from {} ({}{})", names.size(),
                                            names.size() == 1 ? "" : "s", why, model, printable(names.front()),
                                            names.size() == 1 ? "" : ", …"));
    };
    add(not_everywhere_, "that not all models have");
    add(no_floats_, "of another type than F32, F16 and BF16");
    add(of_other_modules_, "of modules that the recipe does not name");
  }

  const Recipe& recipe_;
  const MergeSources& sources_;
  Vocabularies vocabularies_;
  MergePlan result_;
  std::vector<PlannedTensor> tensors_;
  std::map<std::string, std::vector<std::string>> not_everywhere_, no_floats_,
      of_other_modules_;                   // by the model they are taken from
  StackedLayers stacked_{recipe_.source};  // of the module
  int64_t merged_ = 0;
  bool weights_cancel_ = true;
};

}  // namespace

MergePlan plan_merge(const Recipe& recipe, const MergeSources& sources) {
  return Planner(recipe, sources).plan();
}

}  // namespace vlrm
