// From conversations about images to what a model reads: the chat template's text, its tokens, the images as its
// encoder takes them.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "architecture/model.h"
#include "prompt/sample.h"
#include "prompt/special_tokens.h"
#include "text/chat_template.h"
#include "text/tokenizer.h"
#include "vision/image_processor.h"

namespace vlrm {

// image: the conversation with its images. no_image: the same model, the images left out. text_only: a text model,
// whose template gets contents as strings.
enum class Mode { image, no_image, text_only };

// What happens to texts of more tokens than max_length: left and right say which end is cut off.
enum class Truncation { refuse, left, right };

struct PromptOptions {
  Mode mode = Mode::image;
  SpecialTokens special_tokens = SpecialTokens::parse;
  std::optional<int64_t> max_length;  // tokens; none: no limit
  Truncation truncation = Truncation::refuse;
  std::optional<jinja::Clock> clock;  // none: the template's own fallback date
  DecodeOptions decode;
  std::optional<int32_t> last_token = {};  // put behind each text; counts towards max_length, and is never cut off
  std::string response_prefix = {};        // written before each response, and where one begins
  std::optional<PixelLimits> pixels = {};  // of resized images; none: those of the model's files
  std::optional<std::filesystem::path> chat_template = {};  // see ChatTemplate::from_path; none: the model's own
};

// Methods are thread-safe, and throw Error naming `source`, where what is wrong stands.
class PromptEncoder {
 public:
  // Throws Error where files are missing or malformed, and for options that the model or the mode has no use for.
  PromptEncoder(const Model& model, PromptOptions options);

  // A sample ready to be encoded, and the images that the conversation shows, decoded and processed. While one is
  // alive, the same bytes give the same object.
  struct Prepared {
    Sample sample;
    std::optional<TextMarks::Marked> marked;
    SpecialTokenPolicy policy;
    std::vector<std::shared_ptr<const ProcessedImage>> images;
  };
  Prepared prepared(const Sample& sample, const std::string& source) const;

  struct Text {
    std::string rendered;      // as the template writes it
    std::vector<int32_t> ids;  // its tokens, none added
    int64_t cut_at_start = 0;  // of them, cut off by truncation
    TextNotes notes;           // of its length and of the response
    TextNotes message_notes;   // of the messages before the response
  };
  // The conversation with a response, by its index, as the assistant's message, or, without one, up to where the
  // assistant begins. Throws too where the tokens do not hold one image token for each image that the mode shows, for a
  // text longer than max_length that is not to be cut, or whose cut would take an image, for special tokens that the
  // options refuse, and for a response prefix that the template does not write as it is.
  // Each of these tokens becomes as many as stand for its image.
  Text encode(const Prepared& sample, std::optional<size_t> response, const std::string& source) const;
  // A text that a chat template has rendered elsewhere. `begin`: with the tokens that the tokenizer puts before a text,
  // unless it begins with them. Throws too for a text that shows images, since it comes without them.
  Text encode_rendered(const std::string& rendered, bool begin, const std::string& source) const;
  // The same, tokenised elsewhere.
  Text from_ids(std::vector<int32_t> ids, const std::string& source) const;
  // The conversation up to where the response begins, whatever its length.
  Text whole_prompt(const Prepared& sample, const std::string& source) const;
  // Tokens that the texts of a sample begin with, whatever the responses are; nothing where the template writes none.
  // A response that the tokenizer joins with what stands before it may have a text that begins otherwise.
  std::vector<int32_t> common_beginning(const Prepared& sample, const std::string& source) const;
  // For prompts with a response prefix: throws Error unless `text` begins with all tokens of `prompt`. Otherwise the
  // end of the prefix would count as part of the response.
  void check_begins_with(const Text& prompt, const Text& text, const std::string& source) const;

  const Tokenizer& tokenizer() const { return tokenizer_; }

 private:
  std::shared_ptr<const ProcessedImage> processed(const EncodedImage& image, bool several,
                                                  const std::string& source) const;
  std::string image_token_name() const;
  std::string render(const Sample& sample, std::optional<size_t> response, const std::string& source) const;
  std::optional<std::vector<TextOrigin>> origins(const std::string& rendered, const Prepared& sample,
                                                 std::optional<size_t> response) const;
  ReadText read(const std::string& rendered, const Prepared& sample, std::optional<size_t> response,
                const std::string& source) const;
  void check_image_tokens(const std::vector<int32_t>& ids, size_t images, const std::string& source) const;
  void check_shown(const std::vector<TextOrigin>& origins, const Prepared& sample, std::optional<size_t> response,
                   const std::string& source) const;
  void check_prefix(const std::string& rendered, const Sample& sample, size_t response,
                    const std::string& source) const;
  std::vector<int32_t> with_all_image_tokens(std::vector<int32_t> ids, const Prepared& sample) const;
  void fit(Text& text, const std::string& source) const;

  PromptOptions options_;
  int32_t image_token_;
  std::vector<int32_t> image_begin_, image_end_;  // tokens around those of an image, which no template writes
  bool one_token_;                                // stands for an image
  int64_t positions_;
  Tokenizer tokenizer_;
  ChatTemplate template_;
  TextMarks marks_;
  OrderedJson variables_;
  std::unique_ptr<ImageProcessor> processor_;  // null where the mode shows no images
  std::unique_ptr<ImageProcessor> several_;    // of samples with several; null where they are processed alike
  mutable std::mutex images_mutex_;
  mutable std::map<std::string, std::weak_ptr<const ProcessedImage>> images_;  // by the digest of their bytes
};

}  // namespace vlrm
