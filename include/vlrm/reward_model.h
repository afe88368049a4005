// A model that stays loaded: rewards, likelihoods and texts of any number of conversations.
#pragma once

#include <vlrm/generate.h>
#include <vlrm/score.h>

#include <memory>
#include <string>
#include <vector>

namespace vlrm {

struct ImageInput {
  std::string file;   // the file to read; with bytes, their name in errors
  std::string bytes;  // of a JPEG, PNG or WebP file; "": the file is read
};

// A question about images, and responses to it.
struct Conversation {
  std::string prompt;    // one user message, with the images before its text; or "", and:
  std::string messages;  // JSON: [{"role", "content"}, …], as `vlrm score --help` describes them
  std::vector<ImageInput> images;
  std::vector<std::string> responses;  // of messages that end with the assistant's, that one is the response: leave
                                       // this empty
  std::string source;                  // what errors call it; "": "the sample", or "sample 2" of several
};

// Of one call; what is not here is said when the model is loaded.
struct ScoreCall {
  std::string mode;            // as in ScoreOptions; "": image, or of a text model without images text-only
  bool likelihood = false;     // the log-probability of the response, not a reward
  std::string special_tokens;  // as in ModelOptions; "": what they say
  int64_t batch_samples = 8;   // conversations computed together; above 0
  Listener* listener = nullptr;
};

struct GenerateCall {
  SamplingOptions sampling;
  uint64_t seed = 0;
  int64_t texts = 1;                                                  // from 1 to 1,000,000
  int64_t max_new_tokens = 512;                                       // above 0
  std::function<void(size_t text, const std::string& so_far)> grown;  // as in GenerateOptions
  Listener* listener = nullptr;
};

// The weights are read once, whatever is asked of the model. Calls from several threads are safe: one works, the others
// wait, and stop waiting when their listeners want it. They throw Error in a process that was forked after the model
// was loaded, and where a listener or a callback of one call makes another.
class RewardModel {
 public:
  // Loads the model, or merges it. Throws what score() throws before it scores; but a model without a reward head is
  // loaded for its likelihoods and texts.
  explicit RewardModel(const ModelOptions& options, Listener* listener = nullptr);
  ~RewardModel();
  RewardModel(RewardModel&&) noexcept;
  RewardModel& operator=(RewardModel&&) noexcept;

  // The scores that score() gives each of them, to the bit on a CPU.
  std::vector<Scores> score(const std::vector<Conversation>& conversations, const ScoreCall& call = {});
  // What generate() gives. Responses are not looked at; without images, none are shown.
  std::vector<GeneratedText> generate(const Conversation& conversation, const GenerateCall& call = {});

  bool sees() const;     // images
  bool rewards() const;  // has a reward head
  // JSON: what scores depend on, as it is kept beside outputs (see score_file): models with their stamps, the recipe
  // with its digest and seed, device, dtype and threads. The first call reads the models' files, and throws Error
  // naming one that cannot be read.
  std::string settings(Listener* listener = nullptr);
  std::string dtype() const;   // "bfloat16", of the weights in memory
  std::string device() const;  // "cpu", "cuda:0": what was taken for "auto"

 private:
  class Loaded;
  std::unique_ptr<Loaded> loaded_;
};

}  // namespace vlrm
