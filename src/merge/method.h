// Merge methods: from several models' versions of one tensor to one, in float32.
//
// A method is a reduction over whole tensors (what it must know first; often nothing), then a pointwise pass over
// chunks. Each has a file of its own under methods/, with its formula and paper, and a line in methods/methods.h.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "merge/masks.h"
#include "weights/checkpoint.h"

namespace vlrm {

// What values a parameter may have.
enum class ParameterKind {
  number,        // finite
  not_negative,  // finite, at least 0
  fraction,      // above 0, at most 1
  boolean,       // true or false: 1 or 0
  count,         // a whole number, 0 to 10,000
  choice,        // one of MethodParameter::choices: its position there
};

// A number that a method takes from the recipe.
struct MethodParameter {
  enum class Of { model, merge };  // each model has its own, or the merge has one
  std::string_view name;
  Of of = Of::merge;
  ParameterKind kind = ParameterKind::number;
  std::optional<double> default_value = {};  // where the recipe has none; nothing: it must have one
  std::span<const std::string_view> choices = {};
  std::string_view meaning = {};  // for messages, where the name does not say it
};
bool is_allowed(const MethodParameter& parameter, double value);
std::string allowed_values(const MethodParameter& parameter);  // "a finite number", for messages

// Numbers by the name of their parameter.
class ParameterValues {
 public:
  ParameterValues() = default;
  ParameterValues(std::initializer_list<std::pair<std::string_view, double>> values);
  void set(std::string_view name, double value);
  std::optional<double> find(std::string_view name) const;

 private:
  std::vector<std::pair<std::string, double>> values_;  // a few
};

// What the base model is to a method.
enum class BaseModel {
  a_model,   // one of the models like the others
  optional,  // what is merged are the models' deltas from it where there is one, else the models themselves
  required,  // there must be one, and it stands apart from the models
};

struct Method;

// Everything that makes one output tensor. All readers have the same shape.
struct TensorMerge {
  struct Input {
    std::shared_ptr<const TensorReader> tensor = nullptr;
    ParameterValues parameters = {};
    int model = 0;                                      // position in the recipe: keys the random masks
    std::shared_ptr<const ElementMask> mask = nullptr;  // what a random method keeps of it; null: drawn
  };
  TensorInfo output = {};  // float32
  const Method* method = nullptr;
  std::vector<Input> inputs = {};                      // in the recipe's order; not a base that stands apart
  std::shared_ptr<const TensorReader> base = nullptr;  // null where there is none that stands apart
  ParameterValues parameters = {};                     // of the merge
  uint64_t seed = 0;

  // The value of a parameter of the method, its default where none is set.
  double number(std::string_view parameter) const;
  double number(const Input& input, std::string_view parameter) const;
  bool is_set(std::string_view parameter) const { return number(parameter) != 0; }
};

// Why a tensor cannot be merged with its numbers.
struct Problem {
  std::string what;
  const TensorMerge::Input* input = nullptr;  // the one that it is about, if it is about one
};

struct Method {
  std::string_view name;       // in recipes: "ties"
  std::string_view title;      // for people: "TIES"
  std::string_view reference;  // its paper or page, as a URL
  BaseModel base = BaseModel::a_model;
  size_t least_models = 1, most_models = SIZE_MAX;  // TensorMerge::inputs
  std::span<const MethodParameter> parameters = {};
  // Does the reduction and gives the tensor.
  std::unique_ptr<TensorReader> (*merge)(const TensorMerge& merge) = nullptr;
  // Looks at numbers and shape alone: the readers may be null. Null where every number that is allowed will do.
  std::optional<Problem> (*problem)(const TensorMerge& merge) = nullptr;
  bool is_random = false;
  int passes = 1;  // over its inputs, at least

  const MethodParameter* find(std::string_view parameter) const;  // nullptr where it has none of that name
};

// "ties" and so on. Throws Error suggesting the nearest, or listing the known names.
const Method& merge_method_or_throw(const std::string& name);
std::span<const Method* const> merge_methods();  // all

// Does the reduction and gives the tensor, to be read in chunks from any thread; same bytes whatever the chunks. Random
// masks come from a counter-based generator keyed by (seed, model, tensor name, element). Throws Error for what the
// method's problem() names, for inputs that are no floats, and whatever the inputs throw.
std::unique_ptr<TensorReader> merge_tensor(const TensorMerge& merge);

}  // namespace vlrm
