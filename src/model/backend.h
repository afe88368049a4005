// What runs a model, without a word of libtorch: the implementation lives in libvlrm_model, which is loaded when the
// first model is, so that commands that run none start at once.
#pragma once

#include <vlrm/sampling.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "architecture/config.h"
#include "vision/image_processor.h"
#include "weights/checkpoint.h"

namespace vlrm {

struct BackendOptions {
  std::string device = "cpu";  // or "cuda", "cuda:1"
  Dtype dtype = Dtype::bf16;   // of the weights; see `arithmetic` in docs/numbers.md for what is computed in what
  enum class Weights { automatic, resident, streamed } weights = Weights::automatic;
  int threads = 0;           // of the arithmetic, for the length of each call; 0: all cores
  int64_t memory_limit = 0;  // bytes that automatic and the batch size may count on; 0: what the machine has free
  // On a device too: no digit of a score depends on its batch. Then each text goes through matrices alone, which is
  // slower. (On a CPU it is always so.)
  bool batch_invariant = false;
  // Called before each layer works, and on a CPU in it before each group of texts; what it throws ends the call. A
  // batch may take minutes.
  std::function<void()> before_layer = {};
};

// Several texts with one beginning: N responses to one (images, question). The prefix and its images are encoded once,
// and an image that several batches share (the same pointer, or the same digest) once for all of them.
struct SharedPrefixBatch {
  std::vector<std::shared_ptr<const ProcessedImage>> images;  // in the order of the image tokens; empty: no image,
                                                              // and then image tokens are tokens like any other
  std::vector<int32_t> prefix;                                // holds every image token; not empty
  std::vector<std::vector<int32_t>> continuations;            // the rest of each text; may be empty
};

// Logits of the next token, a row a text.
struct Logits {
  int64_t width = 0;  // rows of the language model's head
  std::vector<float> values;
  std::span<const float> row(size_t index) const {
    return std::span(values).subspan(index * static_cast<size_t>(width), static_cast<size_t>(width));
  }
};

struct Drawn {
  int32_t token = 0;
  float log_probability = 0;  // of the model's own distribution, before temperature, top_k and top_p; NaN where a
                              // logit is not finite
};

// What a text's next token is drawn by, beside the options.
struct DrawInput {
  double uniform = 0;             // from 0 to below 1: which token, by the tokens' probabilities in their order
  std::span<const int32_t> text;  // all tokens so far, the prompt's too
};

// Texts that are being written, each a token at a time, and what attention needs of their tokens before. The texts that
// go on from one prompt are a group, whose prompt and images are encoded and kept once. On a CPU what a text gets does
// not depend on the others, to the last bit. Throws as its Backend, which must outlive it and is used by one of them at
// a time.
class TextWriter {
 public:
  virtual ~TextWriter() = default;

  // A group more for each of the prompts (batches without continuations), texts[i] texts in it. Gives the logits after
  // each prompt, which all texts of its group have.
  virtual Logits begin(std::span<const SharedPrefixBatch> prompts, std::span<const int64_t> texts) = 0;

  // How a group goes on: with which of its texts, in this order, and which token each gets. Those that are not named
  // end, and with its last text a group.
  struct Next {
    std::vector<int64_t> texts;  // indices among the group's
    std::vector<int32_t> tokens;
  };
  // One for each group there is, in the order in which they were begun. Gives the logits after these tokens.
  virtual Logits step(std::span<const Next> groups) = 0;

  // Whether tokens can be drawn where the logits are, on a device: then these need not be fetched.
  virtual bool can_draw() const { return false; }
  // begin() and step() in this case; `draws` are of all texts, group by group.
  virtual std::vector<Drawn> begin_and_draw(std::span<const SharedPrefixBatch> prompts, std::span<const int64_t> texts,
                                            const SamplingOptions& sampling, std::span<const DrawInput> draws) = 0;
  virtual std::vector<Drawn> step_and_draw(std::span<const Next> groups, const SamplingOptions& sampling,
                                           std::span<const DrawInput> draws) = 0;

  // Bytes that a group takes once each of its texts has so many more tokens.
  virtual int64_t group_bytes(const SharedPrefixBatch& prompt, int64_t texts, int64_t tokens) const = 0;
};

// Methods throw Error for tokens outside the embedding, image tokens that do not match the images, images cut for
// another configuration, positions outside a text, and memory that does not suffice. On a CPU what a batch gets does
// not depend on the other batches of the call, to the last bit: a resumed run gives the bytes of an uninterrupted one.
// Not thread-safe.
class Backend {
 public:
  virtual ~Backend() = default;

  // The reward of each text at token `positions[i][j]`, counted from the start of text j of batch i (prefix included).
  // Needs a checkpoint with a reward head.
  virtual std::vector<std::vector<float>> rewards(std::span<const SharedPrefixBatch> batches,
                                                  const std::vector<std::vector<int64_t>>& positions) = 0;

  // The sum of the log-probabilities of tokens positions[i][j] … end of text j of batch i, each given what is before
  // it. Needs a checkpoint with an lm_head.
  virtual std::vector<std::vector<double>> log_likelihoods(std::span<const SharedPrefixBatch> batches,
                                                           const std::vector<std::vector<int64_t>>& positions) = 0;

  // Needs a checkpoint with an lm_head.
  virtual std::unique_ptr<TextWriter> write_texts() = 0;

  // Of a model that was loaded for its rewards: reads the lm_head too, unless it is there. Then the model gives
  // likelihoods and writes texts as well. Throws Error where the checkpoint has none that fits.
  virtual void load_language_head() = 0;

  // Goes on with the language weights of `checkpoint`: embeddings, layers, norm and heads. What sees images (vision
  // encoder, cross-attention layers) must be the same in it, and is not read again where weights are resident; the
  // old weights go while the new ones come. Throws Error where tensors are missing or shapes differ, and then nothing
  // has changed; what reading throws leaves a backend that is of no use any more.
  virtual void replace_language_weights(CheckpointPtr checkpoint) = 0;

  // Encoded images with a digest are kept for later calls, as many as fit in `bytes`; those used longest ago go first.
  // Whether one was kept makes no difference to the results. Without this call, it is a few.
  virtual void keep_images(int64_t bytes) = 0;
  // Of an image, once it is encoded. Only for a vision-language model.
  virtual int64_t encoded_image_bytes(const ProcessedImage& image) const = 0;
  // Bytes that the weights, and the work on one batch, leave of the memory limit for images to be kept in.
  virtual int64_t spare_memory() const = 0;
  // Bytes that the host has free, where the weights are in another memory than what waits to be computed; nothing: it
  // is one memory.
  virtual std::optional<int64_t> spare_host_memory() const { return std::nullopt; }

  // What was computed so far, so that sharing can be asserted and not only timed.
  struct Work {
    int64_t images_encoded = 0;
    int64_t tokens = 0;  // through the decoder: prefixes and continuations
  };
  virtual Work work() const = 0;
  virtual bool streamed() const = 0;
};

// Loads libvlrm_model (see model_library.h) on the first call, then the weights of `checkpoint`, whose tensors carry
// canonical names (see architecture.h). Throws Error where the library cannot be loaded,
// tensors are missing, shapes do not fit `config`, tensors are left over that would change what is computed, or the
// device is not there.
std::unique_ptr<Backend> load_backend(const ModelConfig& config, const CheckpointPtr& checkpoint,
                                      const BackendOptions& options);

}  // namespace vlrm
