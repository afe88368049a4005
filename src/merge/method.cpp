#include "merge/method.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "base/joined.h"
#include "base/nearest.h"
#include "merge/methods/methods.h"

namespace vlrm {
namespace {

#define VLRM_ADDRESS_OF_METHOD(name) &name##_method,
constexpr std::array kMethods{VLRM_MERGE_METHODS(VLRM_ADDRESS_OF_METHOD)};
#undef VLRM_ADDRESS_OF_METHOD

// No method need think of a tensor without elements.
class EmptyTensor final : public TensorReader {
 public:
  explicit EmptyTensor(TensorInfo info) : info_(std::move(info)) {}
  const TensorInfo& info() const override { return info_; }
  void read(int64_t, int64_t, std::byte*) const override {}

 private:
  TensorInfo info_;
};

double value_or_default(const ParameterValues& values, const Method& method, std::string_view name) {
  const MethodParameter* parameter = method.find(name);
  VLRM_ASSERT(parameter != nullptr);
  const auto value = values.find(name);
  VLRM_ASSERT(value || parameter->default_value);
  return value ? *value : *parameter->default_value;
}

std::string allowed_values_of_kind(const MethodParameter& parameter) {
  switch (parameter.kind) {
    case ParameterKind::number:
      return "a finite number";
    case ParameterKind::not_negative:
      return "a finite number that is not negative";
    case ParameterKind::fraction:
      return "a number above 0 and at most 1";
    case ParameterKind::boolean:
      return "true or false";
    case ParameterKind::count:
      return "a whole number between 0 and 10000";
    case ParameterKind::choice:
      break;
  }
  return "one of " + joined(parameter.choices);
}

}  // namespace

bool is_allowed(const MethodParameter& parameter, double value) {
  const bool finite = std::abs(value) <= std::numeric_limits<float>::max();
  switch (parameter.kind) {
    case ParameterKind::number:
      return finite;
    case ParameterKind::not_negative:
      return finite && value >= 0;
    case ParameterKind::fraction:
      return value > 0 && value <= 1;
    case ParameterKind::boolean:
      return value == 0 || value == 1;
    case ParameterKind::count:
      return value >= 0 && value <= 10'000 && value == std::floor(value);
    case ParameterKind::choice:
      return value >= 0 && value < static_cast<double>(parameter.choices.size());
  }
  return false;
}

std::string allowed_values(const MethodParameter& parameter) {
  const std::string values = allowed_values_of_kind(parameter);
  return parameter.meaning.empty() ? values : fmt::format("{}, {}", values, parameter.meaning);
}

ParameterValues::ParameterValues(std::initializer_list<std::pair<std::string_view, double>> values) {
  for (const auto& [name, value] : values) set(name, value);
}

void ParameterValues::set(std::string_view name, double value) {
  const auto found = std::ranges::find(values_, name, &std::pair<std::string, double>::first);
  if (found != values_.end())
    found->second = value;
  else
    values_.emplace_back(name, value);
}

std::optional<double> ParameterValues::find(std::string_view name) const {
  const auto found = std::ranges::find(values_, name, &std::pair<std::string, double>::first);
  return found == values_.end() ? std::nullopt : std::optional(found->second);
}

double TensorMerge::number(std::string_view parameter) const {
  return value_or_default(parameters, *method, parameter);
}

double TensorMerge::number(const Input& input, std::string_view parameter) const {
  return value_or_default(input.parameters, *method, parameter);
}

const MethodParameter* Method::find(std::string_view parameter) const {
  const auto found = std::ranges::find(parameters, parameter, &MethodParameter::name);
  return found == parameters.end() ? nullptr : &*found;
}

const Method& merge_method_or_throw(const std::string& name) {
  const auto found = std::ranges::find(kMethods, name, [](const Method* method) { return method->name; });
  if (found != kMethods.end()) return **found;
  std::vector<std::string_view> known;
  for (const Method* method : kMethods) known.push_back(method->name);
  fail("merge method \"{}\" is not known; {}", printable(name), suggestion(name, known));
}

std::span<const Method* const> merge_methods() {
  return kMethods;
}

std::unique_ptr<TensorReader> merge_tensor(const TensorMerge& merge) {
  const Method& method = *merge.method;
  VLRM_ASSERT(merge.inputs.size() >= method.least_models && merge.inputs.size() <= method.most_models);
  VLRM_ASSERT(method.base == BaseModel::optional || (method.base == BaseModel::required) == (merge.base != nullptr));
  if (method.problem != nullptr)
    if (const auto problem = method.problem(merge)) fail("tensor {}: {}", printable(merge.output.name), problem->what);
  if (merge.output.elements() == 0) return std::make_unique<EmptyTensor>(merge.output);
  return method.merge(merge);
}

}  // namespace vlrm
