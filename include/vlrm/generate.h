// A model's answers to one prompt.
#pragma once

#include <vlrm/error.h>
#include <vlrm/listener.h>
#include <vlrm/model.h>
#include <vlrm/sampling.h>

#include <functional>
#include <string>
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

}  // namespace vlrm
