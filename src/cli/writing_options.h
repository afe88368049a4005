// Options of the commands that have a model write texts.
#pragma once

#include <vlrm/write.h>

#include <CLI/CLI.hpp>
#include <string>

#include "cli/model_options.h"

namespace vlrm {

// How tokens are drawn. Defaults are what `sampling` holds at declare().
void declare_sampling(CLI::App& command, SamplingOptions& sampling);

// Of those that write a file about a dataset.
struct WritingFlags {
  ModelFlags model;
  WriteOptions write;  // without the model

  // Whether an option was given that only matters where texts are written.
  bool sets_how_texts_are_written() const { return write.max_new_tokens || !(write.sampling == SamplingOptions{}); }
  // `output`: what -o is.
  void declare(CLI::App& command, const std::string& task_data, const std::string& what_output);
  WriteOptions options() const;
};

}  // namespace vlrm
