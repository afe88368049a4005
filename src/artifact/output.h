// A planned model written down.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "artifact/manifest.h"
#include "artifact/planned_output.h"
#include "weights/save.h"

namespace vlrm {

struct OutputOptions {
  std::filesystem::path directory = {};  // unused by the null sink
  std::string label = "merging";         // what the progress is called
  bool force = false;                    // replace what is there
  bool null_sink = false;                // compute everything, write nothing
  bool resume = false;                   // go on where a killed run of the same settings ended
  int64_t max_shard_bytes = SaveOptions{}.max_shard_bytes;
  bool allow_outside = false;  // copy side files that are links out of their model's folder
};

// Throws what write_output would throw before it writes: where the output stands already and force is not set, where a
// side file is a link out of its model's folder, where it is an input or the disk has too little room.
void check_output(const PlannedOutput& planned, const OutputOptions& options, const Manifest& manifest);

// Writes weights, config.json, side files and the manifest; the directory appears whole or not at all. With resume,
// what a killed run has safely written is kept, an interrupted one leaves it, and finished work is left alone; the
// bytes are those of one run. Returns what the user should know, one line each. Throws Error where the output stands
// already and force is not set, where a side file is a link out of its model's folder, where it is an input or the disk
// has too little room, and whatever the inputs and the disk throw.
std::vector<std::string> write_output(const PlannedOutput& planned, const OutputOptions& options,
                                      const Manifest& manifest);

}  // namespace vlrm
