// A model's answers to prompts: to one, or to those of a file.
#pragma once

#include <vlrm/error.h>
#include <vlrm/listener.h>
#include <vlrm/model.h>
#include <vlrm/sampling.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vlrm {

struct GenerateOptions {
  ModelOptions model;
  std::vector<std::string> images;  // files
  std::string prompt;               // UTF-8
  SamplingOptions sampling;
  uint64_t seed = 0;             // of the first text; the next ones have the next
  int64_t texts = 1;             // from 1 to 1,000,000
  int64_t max_new_tokens = 512;  // above 0
  // Called after each token with the number of its text and the text so far.
  std::function<void(size_t text, const std::string& so_far)> grown;
  Listener* listener = nullptr;
};

struct GeneratedText {
  uint64_t seed = 0;
  std::string text;             // without special tokens
  bool ended = false;           // by a stop token; else by max_new_tokens
  std::vector<int32_t> tokens;  // with the one that ended it
  std::vector<float> log_probabilities;
  std::vector<std::pair<std::string, int64_t>> texts;  // what is worth knowing of it and its prompt: ("long_texts", 1)
};

std::vector<GeneratedText> generate(const GenerateOptions& options);

struct GenerateFileOptions {
  ModelOptions model;
  std::string input;  // JSON lines: "prompt" or "messages", "image" or "images", "id"; "-": standard input
  // Instead of `input`: a folder, with one prompt about each of its images. Its name below the folder is its id.
  std::string images;
  std::string prompt;
  std::string output;  // JSON lines, resumable; "": lines go to `write`
  std::function<void(std::string_view lines)> write;
  SamplingOptions sampling;
  uint64_t seed = 0;             // of the first text for each prompt; the next ones have the next
  int64_t texts = 1;             // for each prompt: from 1 to 1,000,000
  int64_t max_new_tokens = 512;  // above 0
  int64_t texts_together = 64;   // written at a time; texts do not depend on it
  std::optional<int64_t> limit;  // use only this many prompts, from the first; above 0; none: all
  bool force = false;            // start again where the output exists
  bool resume_mixed = false;     // resume with settings that may change the last digits
  Listener* listener = nullptr;
};

// Answers a file of prompts, many at a time: {"id", "texts": […]} a line, in the order of the prompts. A killed run
// resumes.
void generate_file(const GenerateFileOptions& options);

}  // namespace vlrm
