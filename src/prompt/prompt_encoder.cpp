#include "prompt/prompt_encoder.h"

#include <algorithm>

#include "base/error.h"
#include "prompt/stamps.h"

namespace vlrm {
namespace {

ContentForm content_form(Mode mode) {
  switch (mode) {
    case Mode::image:
      return ContentForm::parts;
    case Mode::no_image:
      return ContentForm::parts_without_images;
    case Mode::text_only:
      break;
  }
  return ContentForm::text;
}

}  // namespace

PromptEncoder::PromptEncoder(const OpenedModel& model, PromptOptions options)
    : options_(std::move(options)),
      image_token_(model.config.image_token),
      tokenizer_(Tokenizer::from_directory(model.files)),
      template_(ChatTemplate::from_directory(model.files)),
      variables_(ChatTemplate::special_tokens(model.files)) {
  if (options_.mode == Mode::image) processor_ = MllamaProcessorConfig::from_directory(model.files);
}

std::string PromptEncoder::render(const Sample& sample, const std::string* response, const std::string& source) const {
  ChatTemplate::Input input;
  input.messages = conversation(sample, response, content_form(options_.mode));
  input.add_generation_prompt = response == nullptr;
  input.variables = variables_;
  input.clock = options_.clock ? &*options_.clock : nullptr;
  try {
    return template_.render(input);
  } catch (const Error& error) {
    fail("{}: {}", source, error.what());
  }
}

std::string PromptEncoder::image_token_name() const {
  try {
    return fmt::format("\"{}\"", printable(tokenizer_.decode_as_is(std::vector{image_token_}, false)));
  } catch (const Error&) {
    return fmt::format("{} (no token of tokenizer.json)", image_token_);
  }
}

void PromptEncoder::check_image_tokens(const std::vector<int32_t>& ids, size_t images,
                                       const std::string& source) const {
  if (image_token_ < 0) return;
  const auto found = static_cast<size_t>(std::count(ids.begin(), ids.end(), image_token_));
  if (found > images)
    fail(
        "{}: the rendered text has {} image tokens for {} images; take {} out of prompt and response, or mend "
        "image_token_index in config.json if that is no image token",
        source, found, images, image_token_name());
  if (found < images)
    fail(
        "{}: the rendered text has {} image tokens for {} images: the chat template does not write {}, the "
        "image_token_index of config.json; one of the two is wrong",
        source, found, images, image_token_name());
}

std::shared_ptr<const TiledImage> PromptEncoder::tiled(const EncodedImage& image, const std::string& source) const try {
  const std::string file = image.bytes.empty() ? read_image_file(image.path) : std::string();
  const std::string_view bytes = image.bytes.empty() ? file : image.bytes;
  const std::string digest = content_digest(bytes);
  {
    const std::lock_guard lock(images_mutex_);
    if (auto known = images_[digest].lock()) return known;
  }
  const Image decoded = decode_image(bytes, printable(image.path.string()), options_.decode);
  auto made = std::make_shared<TiledImage>(preprocess(decoded, *processor_));
  made->digest = digest;
  const std::lock_guard lock(images_mutex_);
  std::erase_if(images_, [](const auto& entry) { return entry.second.expired(); });
  images_[digest] = made;
  return made;
} catch (const Error& error) {
  if (std::string_view(error.what()).starts_with(source)) throw;  // an image in the row's own cell
  fail("{}: {}", source, error.what());
}

std::vector<int32_t> PromptEncoder::tokens(const std::string& rendered, const Sample& sample,
                                           const std::string& source) const {
  std::vector<int32_t> ids = tokenizer_.encode(rendered, false);
  if (ids.empty()) fail("{}: the chat template renders nothing for it", source);
  check_image_tokens(ids, options_.mode == Mode::image ? sample.images.size() : 0, source);
  return ids;
}

std::vector<std::shared_ptr<const TiledImage>> PromptEncoder::images(const Sample& sample,
                                                                     const std::string& source) const {
  std::vector<std::shared_ptr<const TiledImage>> images;
  if (options_.mode == Mode::image)
    for (const auto& image : sample.images) images.push_back(tiled(image, source));
  return images;
}

}  // namespace vlrm
