// Options of the commands that have a model write texts.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "cli/model_options.h"
#include "generate/generator.h"
#include "writing/writing_job.h"

namespace vlrm {

// How tokens are drawn. Defaults are what `sampling` holds at declare().
void declare_sampling(CLI::App& command, SamplingOptions& sampling);

// Of those that write a file about a dataset.
struct WritingFlags {
  ModelFlags model;
  DatasetName data;
  SamplingOptions sampling;
  std::optional<int64_t> max_new_tokens;
  int64_t texts_together = 64;
  std::string output;
  bool force = false, resume_mixed = false;

  // Whether an option was given that only matters where texts are written.
  bool sets_how_texts_are_written() const { return max_new_tokens || !(sampling == SamplingOptions{}); }
  // `output`: what -o is.
  void declare(CLI::App& command, const std::string& task_data, const std::string& what_output);
  // Where the file of a run and its settings go.
  struct Files {
    std::filesystem::path output, settings;
  };
  // Writes what is missing and says what was done.
  void run(const std::string& command, const std::shared_ptr<const WritingJob>& job, const Files& files,
           int64_t default_max_new_tokens, const OrderedJson& more_settings = OrderedJson::object()) const;
};

}  // namespace vlrm
