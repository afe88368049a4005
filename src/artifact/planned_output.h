// What is to be written.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "artifact/side_files.h"
#include "base/json.h"
#include "weights/checkpoint.h"

namespace vlrm {

// A model directory as a plan.
struct PlannedOutput {
  CheckpointPtr weights;
  std::optional<Dtype> dtype = {};  // of the floats that are written; none: as they are
  OrderedJson config;
  std::vector<SideFileSource> side_files;
  std::map<std::string, std::string> texts;  // files by name, in place of those that would be copied
  std::vector<std::string> notes;            // what the user should know, one line each
};

}  // namespace vlrm
