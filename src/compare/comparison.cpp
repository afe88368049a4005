#include "compare/comparison.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <map>

#include "base/error.h"
#include "compare/totals.h"
#include "merge/methods/gram.h"
#include "merge/methods/magnitude_cut.h"
#include "merge/methods/stretches.h"
#include "weights/tensor_place.h"
#include "weights/views.h"

namespace vlrm {
namespace {

struct Counts {
  int64_t both = 0, same_sign = 0, top_of_both = 0;

  Counts& operator+=(const Counts& other) {
    both += other.both;
    same_sign += other.same_sign;
    top_of_both += other.top_of_both;
    return *this;
  }
};

void count_signs(const Block& block, Counts& counts) {
  const float *x = block.tensors[0], *y = block.tensors[1];
  for (int64_t i = 0; i < block.count; ++i) {
    const bool both = x[i] != 0 && y[i] != 0;
    counts.both += both;
    counts.same_sign += both && (x[i] > 0) == (y[i] > 0);
  }
}

// Of the elements that both cuts keep; the block is overwritten.
void count_top(const Block& block, const std::vector<MagnitudeCut>& cuts, Counts& counts) {
  for (size_t m = 0; m < 2; ++m) {
    for (int64_t i = 0; i < block.count; ++i)  // so that a kept 0 is told from what is dropped
      if (block.tensors[m][i] == 0) block.tensors[m][i] = std::bit_cast<float>(1);
    cuts[m].trim(block.tensors[m], block.first, block.count);
  }
  for (int64_t i = 0; i < block.count; ++i) counts.top_of_both += block.tensors[0][i] != 0 && block.tensors[1][i] != 0;
}

std::optional<double> ratio(double part, double whole) {
  return whole > 0 ? std::optional(part / whole) : std::nullopt;
}

double norm_of(const TensorMerge& merge, const std::shared_ptr<const TensorReader>& tensor) {
  TensorMerge alone;
  alone.output = merge.output;
  alone.inputs = {{.tensor = tensor}};
  return std::sqrt(gram_of(MergeInputs(alone)).at(0, 0, 0));
}

TensorRelation relate(const TensorMerge& merge, double top) {
  const MergeInputs inputs(merge);
  TensorRelation relation{merge.output.name, merge.output.shape};
  const int64_t elements = inputs.elements();
  if (elements == 0) return relation;
  const Grams grams = gram_of(inputs);
  relation.norm_a = std::sqrt(grams.at(0, 0, 0));
  relation.norm_b = std::sqrt(grams.at(0, 1, 1));
  if (merge.base) relation.norm_base = norm_of(merge, merge.base);
  relation.dot = grams.at(0, 0, 1);
  relation.cosine = ratio(1, relation.norm_a * relation.norm_b);
  if (relation.cosine) relation.cosine = relation.dot * *relation.cosine;
  const int64_t kept = std::max<int64_t>(1, static_cast<int64_t>(top * static_cast<double>(elements)));
  const std::array<LargestOf, 2> wanted{LargestOf{0, kept}, LargestOf{1, kept}};
  const auto cuts = largest_magnitudes(inputs, wanted);
  const Counts counts = sum_over(inputs, Counts(), [&](const Block& block, Counts& sum) {
    count_signs(block, sum);
    count_top(block, cuts, sum);
  });
  relation.both_not_zero = counts.both;
  relation.same_sign = counts.same_sign;
  relation.largest = kept;
  relation.largest_shared = counts.top_of_both;
  relation.sign_agreement = ratio(static_cast<double>(counts.same_sign), static_cast<double>(counts.both));
  if (relation.norm_a > 0 && relation.norm_b > 0)
    relation.top_shared = ratio(static_cast<double>(counts.top_of_both), static_cast<double>(kept));
  return relation;
}

using Models = std::vector<const ComparedModel*>;

Models models_of(const ComparedModel& a, const ComparedModel& b, const std::optional<ComparedModel>& base) {
  Models models{&a, &b};
  if (base) models.push_back(&*base);
  return models;
}

// Which of the models lack a tensor, or nothing.
std::string lacking(const Models& models, const std::string& name) {
  std::string names;
  for (const ComparedModel* model : models)
    if (model->weights->find(name) == nullptr) names += (names.empty() ? "" : " and ") + model->name;
  return names;
}

// A row for each token.
bool has_token_rows(const std::string& name) {
  return is_named_like_vocabulary(name) && !place_of(name).in_layer();
}

// One tensor of all models, ready to be related, or why it cannot be. Throws Error where its shapes say that the models
// are of different widths.
class Tensor {
 public:
  Tensor(const Models& models, const std::string& name) : models_(models), name_(name) {
    shape_ = info(0).shape;
    for (size_t i = 0; i < models.size(); ++i) {
      const auto& shape = info(i).shape;
      if (!is_float(info(i).dtype)) why_not_ = "is no float";
      const bool matrices = shape.size() == 2 && shape_.size() == 2;
      const bool fits = shape == shape_ || (matrices && has_token_rows(name) && shape[1] == shape_[1]);
      if (!fits && matrices && (place_of(name).in_layer() || shape[1] != shape_[1]))
        fail("tensor {} is {} in {} and {} in {}: these models cannot be compared", printable(name),
             shape_string(info(0).shape), printable(models[0]->name), shape_string(shape), printable(models[i]->name));
      if (!fits) why_not_ = fmt::format("is {} and {}", shape_string(shape_), shape_string(shape));
      if (fits && shape != shape_) in_part_ = true;
      if (fits && !shape.empty()) shape_[0] = std::min(shape_[0], shape[0]);
    }
  }

  const std::string& why_not() const { return why_not_; }
  bool in_part() const { return in_part_; }
  const std::vector<int64_t>& shape() const { return shape_; }

  TensorMerge prepare() const {
    TensorMerge merge;
    merge.output = {name_, Dtype::f32, shape_};
    merge.inputs = {{.tensor = reader(0)}, {.tensor = reader(1)}};
    if (models_.size() > 2) merge.base = reader(2);
    return merge;
  }

 private:
  const TensorInfo& info(size_t model) const { return models_[model]->weights->info_or_throw(name_); }
  std::shared_ptr<const TensorReader> reader(size_t model) const {
    TensorInfo cut = info(model);
    cut.shape = shape_;
    return relabelled(models_[model]->weights->prepare(name_), cut);
  }

  const Models& models_;
  const std::string name_;
  std::vector<int64_t> shape_;
  std::string why_not_;
  bool in_part_ = false;
};

OrderedJson number_or_null(const std::optional<double>& number) {
  return number ? OrderedJson(*number) : OrderedJson(nullptr);
}

// In place of a list that may be long.
std::string first_of(const std::vector<std::string>& names) {
  return printable(names.front()) + (names.size() == 1 ? "" : ", …");
}

std::vector<std::string> not_finite(const std::vector<TensorRelation>& tensors) {
  std::vector<std::string> names;
  for (const TensorRelation& tensor : tensors)
    if (!std::isfinite(tensor.norm_a) || !std::isfinite(tensor.norm_b)) names.push_back(tensor.name);
  return names;
}

}  // namespace

int64_t bytes_compared(const ComparedModel& a, const ComparedModel& b, const std::optional<ComparedModel>& base) {
  const Models models = models_of(a, b, base);
  int64_t bytes = 0;
  for (const TensorInfo& tensor : a.weights->tensors()) {
    if (!lacking(models, tensor.name).empty()) continue;
    for (const ComparedModel* model : models) bytes += model->weights->info_or_throw(tensor.name).bytes();
  }
  return bytes;
}

ModelComparison compare_models(const ComparedModel& a, const ComparedModel& b, const std::optional<ComparedModel>& base,
                               double top, Progress* progress) {
  const Models models = models_of(a, b, base);
  ModelComparison comparison;
  std::map<std::string, std::vector<std::string>> missing;  // tensors by who lacks them
  for (const ComparedModel* model : {&a, &b})
    for (const TensorInfo& tensor : model->weights->tensors()) {
      const std::string who = lacking(models, tensor.name);
      if (!who.empty()) missing[who].push_back(tensor.name);
      if (!who.empty() || model == &b) continue;
      const Tensor common(models, tensor.name);
      if (!common.why_not().empty()) {
        comparison.notes.push_back(fmt::format("{}: not compared: it {}", printable(tensor.name), common.why_not()));
        continue;
      }
      if (common.in_part())
        comparison.notes.push_back(fmt::format("{}: only the first {} rows, which all have, are compared",
                                               printable(tensor.name), common.shape()[0]));
      comparison.tensors.push_back(relate(common.prepare(), top));
      if (progress != nullptr)
        for (const ComparedModel* each : models) progress->advance(each->weights->info_or_throw(tensor.name).bytes());
    }
  for (const auto& [who, names] : missing)
    comparison.notes.push_back(fmt::format("{} tensor{} not compared, not being in {} ({})", names.size(),
                                           names.size() == 1 ? " is" : "s are", printable(who), first_of(names)));
  if (comparison.tensors.empty() && base) fail("{}, {} and {} have no tensor in common", a.name, b.name, base->name);
  if (comparison.tensors.empty()) fail("{} and {} have no tensor in common", a.name, b.name);
  if (const auto odd = not_finite(comparison.tensors); !odd.empty())
    comparison.notes.push_back(
        fmt::format("{} tensor{} elements that are infinite or NaN ({}): norms and cosines are left empty, and totals "
                    "leave {} out",
                    odd.size(), odd.size() == 1 ? " has" : "s have", first_of(odd), odd.size() == 1 ? "it" : "them"));
  return comparison;
}

OrderedJson comparison_json(const ModelComparison& comparison, const ComparedModel& a, const ComparedModel& b,
                            const std::optional<ComparedModel>& base, double top) {
  OrderedJson json{{"a", a.name},
                   {"b", b.name},
                   {"base", base ? OrderedJson(base->name) : OrderedJson(nullptr)},
                   {"top", top},
                   {"tensors", OrderedJson::array()}};
  for (const TensorRelation& tensor : comparison.tensors)
    json["tensors"].push_back({{"name", tensor.name},
                               {"shape", tensor.shape},
                               {"norm_a", tensor.norm_a},
                               {"norm_b", tensor.norm_b},
                               {"norm_base", base ? OrderedJson(tensor.norm_base) : OrderedJson(nullptr)},
                               {"dot", tensor.dot},
                               {"both_not_zero", tensor.both_not_zero},
                               {"same_sign", tensor.same_sign},
                               {"largest", tensor.largest},
                               {"largest_shared", tensor.largest_shared},
                               {"cosine", number_or_null(tensor.cosine)},
                               {"sign_agreement", number_or_null(tensor.sign_agreement)},
                               {"top_shared", number_or_null(tensor.top_shared)}});
  const ComparisonTotals totals = totals_of(comparison);
  json["totals"] = totals_json(totals);
  json["sentence"] = conflict_in_words(totals, base.has_value());
  json["notes"] = comparison.notes;
  return json;
}

}  // namespace vlrm
