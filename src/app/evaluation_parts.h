// What evaluations of one model, of many recipes and of many benchmarks share.
#pragma once

#include <vlrm/evaluate.h>

#include <filesystem>
#include <string>

#include "app/costs.h"
#include "app/model.h"
#include "eval/evaluation.h"

namespace vlrm {

// What the options say, but for the model; `name` is what a row is called after where they give no label. Throws
// OptionError.
EvaluationOptions evaluation_options(const EvaluateOptions& options, EvaluationMode mode,
                                     const std::filesystem::path& name);
ScorerOptions scorer_options_for(const Benchmark& benchmark, const ModelOptions& model, EvaluationMode mode);

// Throws OptionError where a model is named though scores are drawn.
void refuse_model(const ModelOptions& model);

// Gives the listener the warnings about all rows in the folder, also those of earlier runs.
void tell_row_warnings(const std::filesystem::path& folder, bool of_texts = true);
// Of the rows that are there already.
void tell_progress(const Evaluation& evaluation, const std::string& output);

// Costs do not depend on the output.
EvaluateOptions with_some_output(EvaluateOptions options);
// Looks at all rows as an evaluation does before it begins, and reads some.
void add_rows(ScoringCosts& costs, const Benchmark& benchmark, const EvaluationOptions& how);

}  // namespace vlrm
