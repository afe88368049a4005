// Which model does the work, and how it reads its inputs.
#pragma once

#include <vlrm/method.h>

#include <cstdint>
#include <optional>
#include <string>

namespace vlrm {

// Either `model`; or `recipe`, or a method and its numbers, by which `vlm`, `rm` and `base` are merged while they are
// loaded; then nothing is written.
struct ModelOptions : MethodOptions {
  std::string model;                   // a directory, a hub id, or MODEL+ADAPTER
  std::string recipe;                  // a file, mergekit's YAML
  std::string vlm, rm, base;           // as `model`; the base may be empty where the recipe has none
  std::optional<uint64_t> merge_seed;  // of the merge's random masks; none: 0
  // float32, bfloat16 or float16 (fp32, bf16, fp16); auto: as stored (bfloat16 for a merge), on a device as the family
  // has it.
  std::string dtype = "auto";
  std::string device = "auto";     // cpu, cuda or cuda:N; auto: CUDA where libtorch sees a device, else the CPU
  std::optional<int64_t> threads;  // of the model's arithmetic on a CPU; none: as many as there are cores
  bool batch_invariant = false;    // on a device: no digit of a score depends on its batch, which is slower
  std::string weights = "auto";    // resident, streamed (one layer at a time), or auto: by what fits in memory
  std::string date;                // for templates that ask for one: "01 Jan 2025" or "today"; "": the template's own
  std::string special_tokens = "parse";   // in prompts and responses: parse, escape (read as text) or refuse
  std::optional<int64_t> max_length;      // tokens of a text; none: no limit
  std::optional<std::string> truncation;  // of longer texts: refuse, left or right
  std::string score_label;                // of a classifier with several labels: its name or number; "": the only one
  std::string response_prefix;            // written before each response, and where a text begins that is written
  std::string chat_template;              // a file, or a model whose template is used; "": the model's own
  // Of resized images, of models whose files have such limits; none: those of the files.
  std::optional<int64_t> min_pixels, max_pixels;
  std::optional<double> rope_theta;  // of a text reward model: another base of its rotations; none: its own
  bool likelihood = false;           // score by the log-probability of the response, not by a reward
  bool exif = true;                  // turn images by their EXIF orientation
};

}  // namespace vlrm
