#include "build/useful_tensors.h"

#include <set>
#include <utility>

#include "base/error.h"
#include "weights/tensor_place.h"
#include "weights/views.h"

namespace vlrm {

std::string UsefulTensors::note(const std::string& name, const std::string& donor) const {
  if (left_out.empty()) return "";
  const bool one = left_out.size() == 1;
  return fmt::format("{} tensor{} of {} {} left out: config.json is that of {}, which has none such ({}{})",
                     left_out.size(), one ? "" : "s", printable(name), one ? "is" : "are", printable(donor),
                     printable(left_out.front()), one ? "" : ", …");
}

UsefulTensors useful_tensors(const CausalModel& model, const CausalModel& donor) {
  std::set<std::pair<std::string, std::string>> in_layers;
  for (const TensorInfo& tensor : donor.weights->tensors())
    if (const TensorPlace place = place_of(tensor.name); place.in_layer()) in_layers.emplace(place.prefix, place.rest);
  const bool one_kind = model.kind() == donor.kind(), untie = donor.tied();
  const auto is_useful = [&](const std::string& name) {
    const TensorPlace place = place_of(name);
    if (place.in_layer()) return in_layers.contains({place.prefix, place.rest});
    return one_kind || donor.weights->find(name) != nullptr || (untie && is_named_like_head(name));
  };
  UsefulTensors useful{model.weights, {}};
  for (const TensorInfo& tensor : model.weights->tensors())
    if (!is_useful(tensor.name)) useful.left_out.push_back(tensor.name);
  if (!useful.left_out.empty())
    useful.weights = renamed(
        model.weights, [names = std::set(useful.left_out.begin(), useful.left_out.end())](const std::string& name) {
          return names.contains(name) ? std::nullopt : std::optional(name);
        });
  return useful;
}

}  // namespace vlrm
