// The option structs of include/vlrm, field by field: Python sets those that a caller gives.
#include <nanobind/nanobind.h>
#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>
#include <vlrm/compare.h>
#include <vlrm/evaluate.h>
#include <vlrm/generate.h>
#include <vlrm/merge.h>
#include <vlrm/results.h>
#include <vlrm/reward_model.h>

#include "parts.h"

namespace nb = nanobind;

namespace vlrm {
namespace {

void add_model(nb::module_& module) {
  using Options = ModelOptions;
  nb::class_<MethodOptions>(module, "MethodOptions")
      .def(nb::init<>())
      .def_rw("method", &MethodOptions::method)
      .def_rw("weight", &MethodOptions::weight)
      .def_rw("weight_vlm", &MethodOptions::weight_vlm)
      .def_rw("weight_rm", &MethodOptions::weight_rm)
      .def_rw("density", &MethodOptions::density)
      .def_rw("normalize", &MethodOptions::normalize)
      .def_rw("rescale", &MethodOptions::rescale);
  nb::class_<Options, MethodOptions>(module, "ModelOptions")
      .def(nb::init<>())
      .def_rw("model", &Options::model)
      .def_rw("recipe", &Options::recipe)
      .def_rw("vlm", &Options::vlm)
      .def_rw("rm", &Options::rm)
      .def_rw("base", &Options::base)
      .def_rw("merge_seed", &Options::merge_seed)
      .def_rw("dtype", &Options::dtype)
      .def_rw("device", &Options::device)
      .def_rw("threads", &Options::threads)
      .def_rw("weights", &Options::weights)
      .def_rw("date", &Options::date)
      .def_rw("special_tokens", &Options::special_tokens)
      .def_rw("batch_invariant", &Options::batch_invariant)
      .def_rw("max_length", &Options::max_length)
      .def_rw("truncation", &Options::truncation)
      .def_rw("score_label", &Options::score_label)
      .def_rw("response_prefix", &Options::response_prefix)
      .def_rw("chat_template", &Options::chat_template)
      .def_rw("min_pixels", &Options::min_pixels)
      .def_rw("max_pixels", &Options::max_pixels)
      .def_rw("rope_theta", &Options::rope_theta)
      .def_rw("likelihood", &Options::likelihood)
      .def_rw("exif", &Options::exif);
}

void add_merges(nb::module_& module) {
  nb::class_<ModelOutput>(module, "ModelOutput")
      .def(nb::init<>())
      .def_rw("directory", &ModelOutput::directory)
      .def_rw("max_shard_bytes", &ModelOutput::max_shard_bytes)
      .def_rw("force", &ModelOutput::force)
      .def_rw("allow_outside", &ModelOutput::allow_outside)
      .def_rw("resume", &ModelOutput::resume);
  nb::class_<BuildOptions, MethodOptions>(module, "BuildOptions")
      .def(nb::init<>())
      .def_rw("vlm", &BuildOptions::vlm)
      .def_rw("rm", &BuildOptions::rm)
      .def_rw("base", &BuildOptions::base)
      .def_rw("recipe", &BuildOptions::recipe)
      .def_rw("seed", &BuildOptions::seed)
      .def_rw("score_label", &BuildOptions::score_label)
      .def_rw("dtype", &BuildOptions::dtype)
      .def_rw("output", &BuildOptions::output);
  nb::class_<MergeOptions>(module, "MergeOptions")
      .def(nb::init<>())
      .def_rw("recipe", &MergeOptions::recipe)
      .def_rw("named_directory", &MergeOptions::named_directory)
      .def_rw("card", &MergeOptions::card)
      .def_rw("seed", &MergeOptions::seed)
      .def_rw("output", &MergeOptions::output);
  nb::class_<CheckModelsOptions>(module, "CheckModelsOptions")
      .def(nb::init<>())
      .def_rw("vlm", &CheckModelsOptions::vlm)
      .def_rw("rm", &CheckModelsOptions::rm)
      .def_rw("base", &CheckModelsOptions::base)
      .def_rw("score_label", &CheckModelsOptions::score_label);
  nb::class_<CompareOptions>(module, "CompareOptions")
      .def(nb::init<>())
      .def_rw("a", &CompareOptions::a)
      .def_rw("b", &CompareOptions::b)
      .def_rw("base", &CompareOptions::base)
      .def_rw("page", &CompareOptions::page)
      .def_rw("figures", &CompareOptions::figures)
      .def_rw("top", &CompareOptions::top)
      .def_rw("force", &CompareOptions::force);
}

void add_evaluations(nb::module_& module) {
  nb::class_<DatasetName>(module, "DatasetName")
      .def(nb::init<>())
      .def_rw("data", &DatasetName::data)
      .def_rw("config", &DatasetName::config)
      .def_rw("split", &DatasetName::split);
  nb::class_<EvaluateOptions>(module, "EvaluateOptions")
      .def(nb::init<>())
      .def_rw("model", &EvaluateOptions::model)
      .def_rw("benchmark", &EvaluateOptions::benchmark)
      .def_rw("data", &EvaluateOptions::data)
      .def_rw("task", &EvaluateOptions::task)
      .def_rw("responses", &EvaluateOptions::responses)
      .def_rw("columns", &EvaluateOptions::columns)
      .def_rw("name", &EvaluateOptions::name)
      .def_rw("mode", &EvaluateOptions::mode)
      .def_rw("captions", &EvaluateOptions::captions)
      .def_rw("output", &EvaluateOptions::output)
      .def_rw("label", &EvaluateOptions::label)
      .def_rw("batch_samples", &EvaluateOptions::batch_samples)
      .def_rw("limit", &EvaluateOptions::limit)
      .def_rw("force", &EvaluateOptions::force)
      .def_rw("resume_mixed", &EvaluateOptions::resume_mixed);
  nb::class_<EvaluateAllOptions>(module, "EvaluateAllOptions")
      .def(nb::init<>())
      .def_rw("evaluate", &EvaluateAllOptions::evaluate)
      .def_rw("data", &EvaluateAllOptions::data)
      .def_rw("responses", &EvaluateAllOptions::responses);
  nb::class_<SweepOptions>(module, "SweepOptions")
      .def(nb::init<>())
      .def_rw("evaluate", &SweepOptions::evaluate)
      .def_rw("recipes", &SweepOptions::recipes)
      .def_rw("paper", &SweepOptions::paper)
      .def_rw("memory_limit", &SweepOptions::memory_limit);
  nb::class_<ResultsOptions>(module, "ResultsOptions")
      .def(nb::init<>())
      .def_rw("results", &ResultsOptions::results)
      .def_rw("ensembles", &ResultsOptions::ensembles)
      .def_rw("compare", &ResultsOptions::compare)
      .def_rw("grouping", &ResultsOptions::grouping)
      .def_rw("matrix", &ResultsOptions::matrix)
      .def_rw("sort", &ResultsOptions::sort)
      .def_rw("top", &ResultsOptions::top)
      .def_rw("by", &ResultsOptions::by)
      .def_rw("data", &ResultsOptions::data)
      .def_rw("choose_on", &ResultsOptions::choose_on)
      .def_rw("report_on", &ResultsOptions::report_on)
      .def_rw("published", &ResultsOptions::published);
}

void add_calls(nb::module_& module) {
  nb::class_<SamplingOptions>(module, "SamplingOptions")
      .def(nb::init<>())
      .def_rw("temperature", &SamplingOptions::temperature)
      .def_rw("top_k", &SamplingOptions::top_k)
      .def_rw("top_p", &SamplingOptions::top_p)
      .def_rw("repetition_penalty", &SamplingOptions::repetition_penalty);
  nb::class_<ScoreCall>(module, "ScoreCall")
      .def(nb::init<>())
      .def_rw("mode", &ScoreCall::mode)
      .def_rw("likelihood", &ScoreCall::likelihood)
      .def_rw("special_tokens", &ScoreCall::special_tokens)
      .def_rw("batch_samples", &ScoreCall::batch_samples);
  nb::class_<GenerateCall>(module, "GenerateCall")
      .def(nb::init<>())
      .def_rw("sampling", &GenerateCall::sampling)
      .def_rw("seed", &GenerateCall::seed)
      .def_rw("texts", &GenerateCall::texts)
      .def_rw("max_new_tokens", &GenerateCall::max_new_tokens);
}

}  // namespace

void add_options(nb::module_& module) {
  add_model(module);
  add_merges(module);
  add_evaluations(module);
  add_calls(module);
}

}  // namespace vlrm
