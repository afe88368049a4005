// The use cases that are one call.
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>
#include <vlrm/compare.h>
#include <vlrm/evaluate.h>
#include <vlrm/inspect.h>
#include <vlrm/merge.h>
#include <vlrm/results.h>

#include "base/python_packages.h"
#include "call.h"
#include "parts.h"

namespace vlrm {
namespace {

// The directories that `work` writes by options with an output.
template <class Options>
std::vector<std::string> written(Options options, Call& call, void (*work)(const Options&)) {
  std::vector<std::string> directories;
  options.listener = &call;
  options.output.written = [&](const std::string& directory) { directories.push_back(directory); };
  call.run([&] { work(options); });
  return directories;
}

template <class Options, class Result>
void listened(Options& options, Call& call, Result (*work)(const Options&)) {
  options.listener = &call;
  call.run([&] { work(options); });
}

nb::dict dict_of(const CheckedInput& input) {
  nb::dict result;
  result["name"] = input.name;
  result["kind"] = input.kind;
  result["tensors"] = input.tensors;
  result["bytes"] = input.bytes;
  result["vocabulary"] = input.vocabulary;
  result["is_base"] = input.is_base;
  return result;
}

nb::dict dict_of(const CheckedRecipe& checked) {
  nb::dict result;
  nb::list inputs;
  for (const CheckedInput& input : checked.inputs) inputs.append(dict_of(input));
  result["name"] = checked.name;
  result["made_by"] = checked.made_by;
  result["method"] = checked.method;
  result["method_title"] = checked.method_title;
  result["method_reference"] = checked.method_reference;
  result["inputs"] = inputs;
  result["tensors"] = checked.tensors;
  result["bytes_written"] = checked.bytes_written;
  result["bytes_read"] = checked.bytes_read;
  result["memory"] = checked.memory;
  result["passes"] = checked.passes;
  result["dtype"] = checked.dtype;
  result["free_on_disk"] = checked.free_on_disk;
  result["output_exists"] = checked.output_exists;
  result["notes"] = checked.notes;
  return result;
}

nb::dict dict_of(const LayerDifferences& layer) {
  nb::dict result;
  result["name"] = layer.name;
  result["base"] = layer.base;
  result["vlm"] = layer.vlm;
  result["rm"] = layer.rm;
  result["cosine"] = layer.cosine;
  return result;
}

nb::list check_recipe(std::string recipe, std::string output, Call& call) {
  const CheckOptions options{std::move(recipe), std::move(output), &call};
  std::vector<CheckedRecipe> found;
  call.run([&] { check(options, [&](const CheckedRecipe& each) { found.push_back(each); }); });
  nb::list result;
  for (const CheckedRecipe& each : found) result.append(dict_of(each));
  return result;
}

nb::dict check_three(CheckModelsOptions options, Call& call) {
  options.listener = &call;
  const CheckedModels found = call.run([&] { return check_models(options); });
  nb::list layers;
  for (const LayerDifferences& layer : found.layers) layers.append(dict_of(layer));
  nb::dict result;
  result["layers"] = layers;
  result["all"] = dict_of(found.all);
  result["notes"] = found.notes;
  result["warnings"] = found.warnings;
  return result;
}

}  // namespace

void add_functions(nb::module_& module) {
  const auto options = nb::arg("options");
  const auto call = nb::arg("call");
  module.def(
      "build", [](const BuildOptions& how, Call& listener) { return written(how, listener, &build); }, options, call);
  module.def(
      "merge", [](const MergeOptions& how, Call& listener) { return written(how, listener, &merge); }, options, call);
  module.def("check", &check_recipe, nb::arg("recipe"), nb::arg("output"), call);
  module.def("check_models", &check_three, options, call);
  module.def(
      "compare", [](CompareOptions how, Call& listener) { listened(how, listener, &compare); }, options, call);
  module.def(
      "evaluate", [](EvaluateOptions how, Call& listener) { listened(how, listener, &evaluate); }, options, call);
  module.def(
      "evaluate_all",
      [](EvaluateAllOptions how, Call& listener) {
        how.evaluate.listener = &listener;
        listener.run([&] { evaluate_all(how); });
      },
      options, call);
  module.def(
      "sweep",
      [](SweepOptions how, Call& listener) {
        how.evaluate.listener = &listener;
        listener.run([&] { sweep(how); });
      },
      options, call);
  module.def(
      "inspect",
      [](const std::string& model, Call& listener) {
        return listener.run([&] { return inspect({model, &listener}); });
      },
      nb::arg("model"), call);
  module.def(
      "results",
      [](ResultsOptions how, Call& listener) {
        how.listener = &listener;
        return listener.run([&] { return results(how); });
      },
      options, call);
  module.def(
      "prefer_python_package",
      [](const std::string& name, const std::string& directory) { prefer_python_package(name, directory); },
      nb::arg("name"), nb::arg("directory"));
}

}  // namespace vlrm
