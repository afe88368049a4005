// A user's own task: how the rows of a dataset are asked about, and how answers are marked, as a YAML file says.
#pragma once

#include <filesystem>
#include <memory>
#include <string_view>

#include "tasks/benchmark.h"

namespace vlrm {

// Whether what names a task is a file: it ends in .yml or .yaml.
bool is_task_file(std::string_view task);

struct OwnTask {
  SharedSpec answers;    // to be answered, or answered in a file of responses
  SharedSpec questions;  // the rows as questions without responses
};

//   name: my-task                                   # default: the file's name
//   data: {path: rows.parquet, split: test}         # and config; a path from the file's folder, or a hub id
//   id: question_id                                 # default: the column "id", if there is one, else the row's number
//   prompt: "{question}\nAnswer in one word."       # columns in braces; braces that are meant are doubled
//   images: [image]                                 # default: all
//   max_new_tokens: 64                              # default: 1,024
//   correct: {how: equal, answers: answers}         # or contains, number, vqa; choice, with options
// Throws Error naming file and line. What a row lacks is told when it is read, naming file, line and row.
OwnTask own_task_or_throw(const std::filesystem::path& file);

}  // namespace vlrm
