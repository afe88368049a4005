#include "compare/totals.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>

#include "base/error.h"
#include "weights/tensor_place.h"

namespace vlrm {
namespace {

constexpr size_t kRanges = 4;        // of a stack's layers
constexpr double kConflict = -0.05;  // cosines above it hardly cancel anything
constexpr double kChance = 3;        // standard deviations of a cosine between unrelated vectors, 1/√elements each

std::optional<double> share(double part, double whole) {
  return whole > 0 ? std::optional(part / whole) : std::nullopt;
}

bool holds(std::string_view name, std::initializer_list<std::string_view> parts) {
  return std::ranges::any_of(parts, [&](auto part) { return name.find(part) != name.npos; });
}

// In the order in which they are listed.
enum class Part { embeddings, attention, mlp, norms, others };

std::string_view name_of(Part part) {
  switch (part) {
    case Part::embeddings:
      return "embeddings";
    case Part::attention:
      return "attention";
    case Part::mlp:
      return "MLP";
    case Part::norms:
      return "norms";
    case Part::others:
      break;
  }
  return "others";
}

// By the words that the families' names have. A norm beside the attention is a norm.
Part part_of(const std::string& name, const TensorPlace& place) {
  if (!place.in_layer() && is_before_layers(name)) return Part::embeddings;
  if (holds(place.rest, {"norm", "ln_", "ln1", "ln2"})) return Part::norms;
  if (holds(place.rest, {"attn", "attention"})) return Part::attention;
  if (holds(place.rest, {"mlp", "feed_forward", "ffn", "expert", "moe", "fc1", "fc2"})) return Part::mlp;
  return Part::others;
}

std::string module_of(const TensorPlace& place) {
  constexpr std::string_view kWeight = ".weight";
  return place.rest.ends_with(kWeight) ? place.rest.substr(0, place.rest.size() - kWeight.size()) : place.rest;
}

// A stack's layers, cut into ranges of nearly one length.
class Ranges {
 public:
  void add(int64_t layer) { layers_.insert(layer); }
  size_t of(int64_t layer) const {
    const auto at = static_cast<size_t>(std::distance(layers_.begin(), layers_.find(layer)));
    return at * count() / layers_.size();
  }
  std::string name(size_t range) const {
    std::vector<int64_t> own;
    for (const int64_t layer : layers_)
      if (of(layer) == range) own.push_back(layer);
    if (own.size() == 1) return fmt::format("layer {}", own.front());
    return fmt::format("layers {}–{}", own.front(), own.back());
  }

 private:
  size_t count() const { return std::min(kRanges, layers_.size()); }
  std::set<int64_t> layers_;
};

// Sums by what they are about, in the order of the keys.
template <class Key>
std::vector<TotalRelation> named(const std::map<Key, std::pair<std::string, RelationSum>>& sums) {
  std::vector<TotalRelation> totals;
  for (const auto& [key, sum] : sums) totals.push_back(sum.second.total(sum.first));
  return totals;
}

template <class Key>
void add(std::map<Key, std::pair<std::string, RelationSum>>& sums, const Key& key, const std::string& name,
         const TensorRelation& tensor) {
  auto& [known, sum] = sums[key];
  known = name;
  sum.add(tensor);
}

std::string number(const std::optional<double>& value, int digits = 2) {
  if (!value) return "n/a";
  const std::string text = fmt::format("{:.{}f}", std::abs(*value), digits);
  return *value < 0 && text.find_first_not_of("0.") != text.npos ? fmt::format("−{}", text) : text;
}

bool is_conflict(const TotalRelation& place) {
  return *place.cosine < kConflict && *place.cosine < -kChance / std::sqrt(static_cast<double>(place.elements));
}

const TotalRelation* lowest(const std::vector<TotalRelation>& places, bool (*counts)(const TotalRelation&)) {
  const TotalRelation* found = nullptr;
  for (const TotalRelation& place : places)
    if (place.cosine && counts(place) && (found == nullptr || *place.cosine < *found->cosine)) found = &place;
  return found;
}

OrderedJson number_or_nothing(const std::optional<double>& number) {
  return number ? OrderedJson(*number) : OrderedJson(nullptr);
}

OrderedJson total_json(const TotalRelation& total) {
  return {{"name", total.name},
          {"tensors", total.tensors},
          {"elements", total.elements},
          {"norm_a", total.norm_a},
          {"norm_b", total.norm_b},
          {"norm_base", total.norm_base},
          {"cosine", number_or_nothing(total.cosine)},
          {"sign_agreement", number_or_nothing(total.sign_agreement)},
          {"top_shared", number_or_nothing(total.top_shared)}};
}

OrderedJson totals_list(const std::vector<TotalRelation>& totals) {
  OrderedJson list = OrderedJson::array();
  for (const TotalRelation& total : totals) list.push_back(total_json(total));
  return list;
}

}  // namespace

void RelationSum::add(const TensorRelation& tensor) {
  if (!std::isfinite(tensor.norm_a) || !std::isfinite(tensor.norm_b) || !std::isfinite(tensor.norm_base)) return;
  int64_t elements = 1;
  for (const int64_t size : tensor.shape) elements *= size;
  ++tensors_;
  elements_ += elements;
  a_ += tensor.norm_a * tensor.norm_a;
  b_ += tensor.norm_b * tensor.norm_b;
  base_ += tensor.norm_base * tensor.norm_base;
  dot_ += tensor.dot;
  both_ += tensor.both_not_zero;
  same_sign_ += tensor.same_sign;
  if (!tensor.top_shared) return;
  largest_ += tensor.largest;
  largest_shared_ += tensor.largest_shared;
}

TotalRelation RelationSum::total(std::string name) const {
  TotalRelation total{std::move(name), tensors_, elements_, std::sqrt(a_), std::sqrt(b_), std::sqrt(base_)};
  total.cosine = share(dot_, total.norm_a * total.norm_b);
  total.sign_agreement = share(static_cast<double>(same_sign_), static_cast<double>(both_));
  total.top_shared = share(static_cast<double>(largest_shared_), static_cast<double>(largest_));
  return total;
}

ComparisonTotals totals_of(const ModelComparison& comparison) {
  std::vector<std::string> stacks;  // in the order of the tensors
  std::map<std::string, Ranges> ranges;
  for (const TensorRelation& tensor : comparison.tensors) {
    const TensorPlace place = place_of(tensor.name);
    if (!place.in_layer()) continue;
    if (!ranges.contains(place.prefix)) stacks.push_back(place.prefix);
    ranges[place.prefix].add(place.layer);
  }
  RelationSum all;
  std::map<std::pair<size_t, Part>, std::pair<std::string, RelationSum>> parts;
  std::map<std::pair<size_t, size_t>, std::pair<std::string, RelationSum>> layers;
  std::map<std::tuple<size_t, std::string, size_t>, std::pair<std::string, RelationSum>> places;
  for (const TensorRelation& tensor : comparison.tensors) {
    const TensorPlace place = place_of(tensor.name);
    const Part part = part_of(tensor.name, place);
    const auto stack = static_cast<size_t>(std::ranges::find(stacks, place.prefix) - stacks.begin());
    const std::string of_stack = stacks.size() > 1 && place.in_layer() ? place.prefix + ": " : "";
    all.add(tensor);
    // What is in no layer comes with the first stack's.
    add(parts, {place.in_layer() ? stack : 0, part}, fmt::format("{}{}", of_stack, name_of(part)), tensor);
    if (!place.in_layer()) {
      add(places, {stacks.size(), tensor.name, size_t{0}}, tensor.name, tensor);
      continue;
    }
    const Ranges& own = ranges[place.prefix];
    const size_t range = own.of(place.layer);
    const std::string name = of_stack + own.name(range);
    add(layers, {stack, range}, name, tensor);
    add(places, {stack, place.rest, range}, fmt::format("{}'s {}", name, module_of(place)), tensor);
  }
  return {all.total("all"), named(parts), named(layers), named(places)};
}

std::string conflict_in_words(const ComparisonTotals& totals, bool has_base) {
  const TotalRelation* least = lowest(totals.places, [](const TotalRelation&) { return true; });
  if (least == nullptr)
    return has_base ? "One of the two is the base wherever they are compared." : "One of the two is 0 everywhere.";
  if (!has_base)
    return fmt::format(
        "The weights' cosine is {} over all tensors and lowest, {}, in {}; name a base to see how the task vectors "
        "relate, which a merge adds up.",
        number(totals.all.cosine, 3), number(least->cosine, 3), printable(least->name));
  const TotalRelation* worst = lowest(totals.places, is_conflict);
  if (worst == nullptr)
    return fmt::format(
        "The models hardly conflict: the task vectors' cosine is {} over all tensors, and nowhere clearly below "
        "0.",
        number(totals.all.cosine));
  return fmt::format("Conflict is strongest in {}: the task vectors' cosine is {} there, and {} over all tensors.",
                     printable(worst->name), number(worst->cosine), number(totals.all.cosine));
}

OrderedJson totals_json(const ComparisonTotals& totals) {
  return {
      {"all", total_json(totals.all)}, {"parts", totals_list(totals.parts)}, {"layers", totals_list(totals.layers)}};
}

}  // namespace vlrm
