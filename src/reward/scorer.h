// The scorer: conversations in, scores out.
//
// A response's text is the chat template's rendering of the conversation with it, tokenised without added special
// tokens. What is before the responses is computed once (arXiv 2502.13487 scores each text alone; the numbers are the
// same).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "model/backend.h"
#include "prompt/prompt_encoder.h"

namespace vlrm {

struct ScorerOptions {
  PromptOptions prompt;
  bool likelihood = false;  // log-probability of the response instead of a reward
};

// A sample rendered, tokenised, its images decoded and cut into tiles: all that needs no model. Equal texts are
// computed once. What is computed together depends on the prompt and on the response alone: on a CPU no digit of a
// score depends on the other responses, nor on where its response stands.
struct PreparedSample {
  std::vector<SharedPrefixBatch> batches;       // one, unless texts do not begin as their prompt does
  std::vector<std::vector<int64_t>> positions;  // as Backend takes them
  std::vector<size_t> text_of_response;         // which of the texts, counted through all batches
  std::vector<std::string> prompts;             // each response's text as rendered
  std::string source;                           // what errors call the sample
  TextNotes notes;                              // of its texts
  TextNotes notes_of_messages;
  std::vector<TextNotes> notes_of_responses;  // each without those of the messages
  std::vector<int64_t> tokens_of_responses;   // of the messages and the response

  int64_t tokens() const;  // that go through the model
};

// Throws Error where model, mode and options do not go together (a text model in mode image, a model without a reward
// head unless likelihood is asked for, …).
void require_scorable(const Model& model, const ScorerOptions& options);

class Scorer {
 public:
  // Loads the model. Throws Error as require_scorable.
  Scorer(const Model& model, const ScorerOptions& options, const BackendOptions& backend);
  // One of several for a model that is loaded once: `load` gives its backend, with the head that the scores need. The
  // backend is used by one of them at a time. Throws as above, before `load` is called.
  using Load = std::function<std::shared_ptr<Backend>()>;
  Scorer(const Model& model, const ScorerOptions& options, Dtype dtype, const Load& load);
  ~Scorer();

  // Throws Error naming `source` for what the template refuses, images that cannot be read, and texts whose image
  // tokens do not match the images. Thread-safe.
  PreparedSample prepare(const Sample& sample, const std::string& source) const;

  // Texts that were rendered, or tokenised, elsewhere: each counts as a response. Throws Error as prepare(); for a text
  // that shows images; and where likelihoods are asked for, since it is not known where a response begins. Thread-safe.
  struct Rendered {
    std::string text;
    bool begin = true;         // see PromptEncoder::encode_rendered
    std::vector<int32_t> ids;  // in place of the text
  };
  PreparedSample prepare_rendered(const std::vector<Rendered>& texts, const std::string& source) const;

  // One score a response, for each sample. Throws Error naming the sample where one is not a finite number.
  std::vector<std::vector<double>> score(std::span<const PreparedSample> samples);

  // As the backend's; what prepare() gave stays good.
  void replace_language_weights(CheckpointPtr weights);
  void keep_images(int64_t bytes);
  int64_t encoded_image_bytes(const ProcessedImage& image) const;
  int64_t spare_memory() const;
  std::optional<int64_t> spare_host_memory() const;
  Backend::Work work() const;
  bool streamed() const;

 private:
  int64_t likelihood_position(const PromptEncoder::Text& text, const PromptEncoder::Text& prompt,
                              const std::string& source) const;
  int64_t reward_position(const std::vector<int32_t>& ids, const std::string& source) const;

  ModelConfig config_;
  bool likelihood_;
  Dtype dtype_;
  PromptEncoder encoder_;
  std::shared_ptr<Backend> backend_;
};

}  // namespace vlrm
