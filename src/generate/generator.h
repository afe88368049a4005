// The generator: conversations in, the assistant's next messages out.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "generate/sampler.h"
#include "model/backend.h"
#include "prompt/prompt_encoder.h"

namespace vlrm {

struct GeneratorOptions {
  PromptOptions prompt;
  SamplingOptions sampling;
  int64_t max_new_tokens = 512;   // above 0
  int64_t texts_together = 64;    // written at once, as far as memory goes; above 0
  int64_t expected_tokens = 256;  // as long texts are thought to become; longer ones may have to start again, above 0
  int64_t memory = 0;             // bytes for what attention keeps of texts; 0: half of what the backend can spare
};

// Several answers to one conversation (its responses are not looked at).
struct GenerationRequest {
  Sample sample;
  std::string source;           // what errors call it
  std::vector<uint64_t> seeds;  // a text for each
};

struct WrittenText {
  std::string text;             // without special tokens
  std::vector<int32_t> tokens;  // with the one that ended it
  std::vector<float> log_probabilities;
  bool ended = false;  // by a stop token; else by max_new_tokens
  TextNotes notes;     // of its prompt and its length
};

class Generator {
 public:
  // Loads the model. Throws Error where it is a text model and images are to be shown, or has no language model's head.
  Generator(const Model& model, const GeneratorOptions& options, const BackendOptions& backend);
  // For a model that is loaded once for several uses: `load` gives its backend, which has a language model's head.
  // Throws as above, before `load` is called.
  using Load = std::function<std::shared_ptr<Backend>()>;
  Generator(const Model& model, const GeneratorOptions& options, const Load& load);
  ~Generator();

  // For the next requests: all but the prompt's options. Throws Error for what makes no sense.
  void set_writing(const SamplingOptions& sampling, int64_t max_new_tokens, int64_t texts_together);

  // Takes requests as long as `next` gives some (it is called from another thread, one call at a time, and not again
  // once it gave none) and answers them, many at a time: a text that ends makes room for the next request's; where
  // memory runs out, those begun last start again later. `done` gets each request's number (from 0, in the order taken)
  // and its texts, one a seed, in the order in which requests are finished. What a text is does not depend on those
  // beside it (on a CPU). Throws Error naming the source; where that is of a request that cannot be shown to the model,
  // after those before it are done.
  using Next = std::function<std::optional<GenerationRequest>()>;
  using Done = std::function<void(int64_t request, std::vector<WrittenText> texts)>;
  void run(const Next& next, const Done& done);

  // For who wants to know what the model would say, not to have it said: `shown` gets the logits [vocabulary] of the
  // token after the prompt.
  using Shown = std::function<void(int64_t request, const std::string& source, std::span<const float> logits)>;
  void show_next_tokens(const Next& next, const Shown& shown);

  // One request. `grown` is called after each token with the index of its text and the text so far.
  using Grown = std::function<void(size_t text, const std::string& so_far)>;
  std::vector<WrittenText> write(const GenerationRequest& request, const Grown& grown = {});

  Backend::Work work() const;
  const TextNotes& notes() const { return notes_; }  // of the prompts taken, and the texts finished
  const Tokenizer& tokenizer() const { return encoder_.tokenizer(); }

 private:
  class Writing;

  GeneratorOptions options_;
  PromptEncoder encoder_;
  std::vector<int32_t> stop_tokens_;
  int64_t positions_;
  std::shared_ptr<Backend> backend_;
  TextNotes notes_;
};

}  // namespace vlrm
