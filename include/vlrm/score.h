// Scores of responses to prompts about images.
//
// In all headers of this folder, functions throw the errors of error.h: OptionError for a wrong value of an option. The
// listener of a call receives notes, warnings and progress. If it is null, a call made inside another call uses that
// one's listener; otherwise they are dropped.
#pragma once

#include <vlrm/distributed.h>
#include <vlrm/error.h>
#include <vlrm/listener.h>
#include <vlrm/model.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vlrm {

struct ScoreOptions {
  ModelOptions model;
  std::string mode = "image";  // image, no-image (the same model without its image), text-only (a text reward model)
  std::vector<std::string> images;  // files
  std::string prompt;
  std::vector<std::string> responses;
  Listener* listener = nullptr;
};

struct Scores {
  std::vector<double> scores;                          // one per response
  std::optional<std::string> date;                     // that the template was given
  std::vector<std::pair<std::string, int64_t>> texts;  // what is worth knowing of the texts: ("special_tokens", 2)
};

// One prompt.
Scores score(const ScoreOptions& options);

struct ScoreFileOptions {
  ModelOptions model;
  std::string mode = "image";
  std::string input;  // JSON lines, as `vlrm score --help` describes them; "-": standard input
  // Instead of `input`: a folder, of which each image is a sample with this prompt and these responses. Its id is its
  // name below the folder.
  std::string images;
  std::string prompt;
  std::vector<std::string> responses;
  std::string output;  // JSON lines, resumable; "": lines go to `write`
  std::function<void(std::string_view lines)> write;
  int64_t batch_samples = 8;     // computed together; above 0
  std::optional<int64_t> limit;  // use only this many samples, from the first; above 0; none: all
  bool force = false;            // start again where the output exists
  bool resume_mixed = false;     // resume with settings that may change the last digits
  // This process is one of many that write the output, in parts beside it ("OUTPUT.parts"); none: it is alone. Then a
  // device "auto" is that of its local rank, and without `threads` it takes its share of the cores, or what the others
  // have.
  std::optional<Ranks> ranks;
  Listener* listener = nullptr;
};

// Scores a file of samples, or the images of a folder. A killed run resumes.
void score_file(const ScoreFileOptions& options);

}  // namespace vlrm
