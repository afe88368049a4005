// Plans, resumes and writes the files that models write, and reports on it.
#pragma once

#include <vlrm/write.h>

#include <filesystem>
#include <memory>
#include <string>

#include "writing/writing_job.h"

namespace vlrm {

// Where the file of a run and its settings go.
struct WritingFiles {
  std::filesystem::path output, settings;
};
WritingFiles beside(const std::string& output);

// Whether the model is shown images: what is merged on load is.
bool sees(const ModelOptions& options);

// Writes what is missing and says what was done. `command` is the label of the progress; a text model can do what
// "judge" and "generate" ask, not the rest.
void run_writing(const std::string& command, const WriteOptions& options, const std::shared_ptr<const WritingJob>& job,
                 const WritingFiles& files, int64_t default_max_new_tokens,
                 const OrderedJson& more_settings = OrderedJson::object());

// Notes how many texts did not end before the most tokens.
void tell_cut(int64_t cut, int64_t texts, int64_t max_new_tokens);

}  // namespace vlrm
