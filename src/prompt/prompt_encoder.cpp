#include "prompt/prompt_encoder.h"

#include <algorithm>
#include <utility>

#include "architecture/architecture.h"
#include "base/content_digest.h"
#include "base/error.h"
#include "prompt/response_prefix.h"

namespace vlrm {
namespace {

// A text beyond a model's positions is read with a note, but not one that is this far beyond.
constexpr int64_t kMostTimesTooLong = 8, kNeverTooLong = 1 << 16;

// The id of a token that a family puts around images.
std::vector<int32_t> id_of(std::string_view token, const Tokenizer& tokenizer, const std::filesystem::path& directory) {
  if (token.empty()) return {};
  const auto id = tokenizer.id_of(token);
  if (!id) fail("{}: has no token {}, which the model has around an image", directory.string(), token);
  return {*id};
}

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

// Two responses that have nothing in common, and how many of the tokens before a response the tokenizer may join with
// its first characters.
const std::vector<std::string> kUnlike = {"A", "0"};
constexpr size_t kMayBeJoined = 2;

}  // namespace

PromptEncoder::PromptEncoder(const Model& model, PromptOptions options)
    : options_(std::move(options)),
      image_token_(model.config.image_token),
      one_token_(model.config.architecture->fusion == Fusion::cross_attention),
      positions_(model.config.text.positions),
      tokenizer_(Tokenizer::from_directory(model.files.tokenizer())),
      template_(options_.chat_template ? ChatTemplate::from_path(*options_.chat_template)
                                       : ChatTemplate::from_directory(model.files.chat_template())),
      marks_(template_.literals(), tokenizer_),
      variables_(ChatTemplate::special_tokens(model.files.tokenizer())) {
  if (options_.mode == Mode::image) {
    const Architecture& family = *model.config.architecture;
    processor_ = family.processor(model.files.directory);
    image_begin_ = id_of(family.image_begin, tokenizer_, model.files.tokenizer());
    image_end_ = id_of(family.image_end, tokenizer_, model.files.tokenizer());
  }
  if (options_.pixels) {
    if (!processor_)
      fail("`{}`: is for images, and none are shown here", options_.pixels->most ? "max_pixels" : "min_pixels");
    processor_ = processor_->within(*options_.pixels);
  }
  if (processor_) several_ = processor_->among_several();
  const std::vector<int32_t> written = tokenizer_.encode(options_.response_prefix, false);
  if (image_token_ >= 0 && std::ranges::count(written, image_token_) > 0)
    fail("`response_prefix` holds {}, which stands for an image", image_token_name());
}

PromptEncoder::Prepared PromptEncoder::prepared(const Sample& given, const std::string& source) const {
  Sample sample{given.id, {}, given.messages, given.responses, given.text_shows_images && one_token_};
  if (sample.text_shows_images) join_parts(sample.messages, tokenizer_.decode_as_is(std::vector{image_token_}, false));
  auto marked = marks_.mark(sample);
  const size_t images_in_text = sample.text_shows_images ? given.images.size() : 0;
  Prepared prepared{std::move(sample), std::move(marked), {options_.special_tokens, image_token_, images_in_text}, {}};
  if (options_.mode == Mode::image)
    for (const EncodedImage& image : given.images)
      prepared.images.push_back(processed(image, given.images.size() > 1, source));
  return prepared;
}

std::string PromptEncoder::render(const Sample& sample, std::optional<size_t> response,
                                  const std::string& source) const {
  ChatTemplate::Input input;
  const std::string content = response ? options_.response_prefix + sample.responses[*response] : "";
  input.messages = conversation(sample, response ? &content : nullptr, content_form(options_.mode));
  input.add_generation_prompt = !response;
  input.variables = variables_;
  input.clock = options_.clock ? &*options_.clock : nullptr;
  try {
    return template_.render(input) + (response ? "" : options_.response_prefix);
  } catch (const Error& error) {
    rethrow_at(source, error);
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
        "{}: the rendered text has {} image tokens for {} images: the chat template writes {} for other things too; "
        "correct it, or config.json (image_token_index, image_token_id)",
        source, found, images, image_token_name());
  if (found < images)
    fail(
        "{}: the rendered text has {} image tokens for {} images: the chat template does not write {}, the image token "
        "of config.json (image_token_index, image_token_id); one of the two is wrong",
        source, found, images, image_token_name());
}

// Where the template wrote fewer of them than there are images, the others are not shown.
std::vector<int32_t> PromptEncoder::with_all_image_tokens(std::vector<int32_t> ids, const Prepared& sample) const {
  const auto takes_one = [](const auto& image) { return image->tokens == 1; };
  if (image_begin_.empty() && std::ranges::all_of(sample.images, takes_one)) return ids;
  std::vector<int32_t> result;
  auto image = sample.images.begin();
  for (const int32_t id : ids) {
    if (id != image_token_ || image == sample.images.end()) {
      result.push_back(id);
      continue;
    }
    result.insert(result.end(), image_begin_.begin(), image_begin_.end());
    result.insert(result.end(), static_cast<size_t>((*image++)->tokens), id);
    result.insert(result.end(), image_end_.begin(), image_end_.end());
  }
  return result;
}

std::shared_ptr<const ProcessedImage> PromptEncoder::processed(const EncodedImage& image, bool several,
                                                               const std::string& source) const try {
  const bool another_way = several && several_;
  const std::string file = image.bytes.empty() ? read_image_file(image.path) : std::string();
  const std::string_view bytes = image.bytes.empty() ? file : image.bytes;
  const std::string digest = content_digest(bytes) + (another_way ? " among several" : "");
  {
    const std::lock_guard lock(images_mutex_);
    if (auto known = images_[digest].lock()) return known;
  }
  DecodeOptions decode = options_.decode;
  if (processor_->alpha() == DecodeOptions::Alpha::drop) decode.alpha = DecodeOptions::Alpha::drop;
  const Image decoded = decode_image(bytes, printable(image.path.string()), decode);
  auto made = std::make_shared<ProcessedImage>();
  try {
    *made = (another_way ? several_ : processor_)->process(decoded);
  } catch (const Error& error) {
    rethrow_at(printable(image.path.string()), error);
  }
  made->digest = digest;
  const std::lock_guard lock(images_mutex_);
  std::erase_if(images_, [](const auto& entry) { return entry.second.expired(); });
  images_[digest] = made;
  return made;
} catch (const Error& error) {
  if (std::string_view(error.what()).starts_with(source)) throw;  // an image in the row's own cell
  rethrow_at(source, error);
}

void PromptEncoder::fit(Text& text, const std::string& source) const {
  const auto length = static_cast<int64_t>(text.ids.size() + (options_.last_token ? 1 : 0));
  if (options_.max_length && length > *options_.max_length) {
    const int64_t surplus = length - *options_.max_length;
    if (surplus >= static_cast<int64_t>(text.ids.size()))
      fail("{}: `max_length` {} leaves nothing of the text", source, *options_.max_length);
    if (options_.truncation == Truncation::refuse)
      fail("{}: a text of {} tokens is longer than `max_length` {}; `truncation` left or right cuts it", source, length,
           *options_.max_length);
    const bool left = options_.truncation == Truncation::left;
    const auto cut = left ? text.ids.begin() : text.ids.end() - surplus;
    if (image_token_ >= 0 && std::find(cut, cut + surplus, image_token_) != cut + surplus)
      fail("{}: `truncation` would cut an image off a text of {} tokens; use the other side, or a larger `max_length`",
           source, length);
    text.ids.erase(cut, cut + surplus);
    if (left) text.cut_at_start = surplus;
    text.notes.cut_texts = 1;
  }
  if (options_.last_token) text.ids.push_back(*options_.last_token);
  const auto tokens = static_cast<int64_t>(text.ids.size());
  if (tokens > kNeverTooLong && tokens / kMostTimesTooLong > positions_)
    fail("{}: a text of {} tokens, for a model of {} positions: `max_length` and `truncation` can cut it", source,
         tokens, positions_);
  if (tokens > positions_) text.notes.long_texts = 1;
}

// Nothing where they cannot be told.
std::optional<std::vector<TextOrigin>> PromptEncoder::origins(const std::string& rendered, const Prepared& sample,
                                                              std::optional<size_t> response) const {
  if (!sample.marked) return std::nullopt;
  try {
    return TextMarks::find(rendered, render(sample.marked->sample, response, ""), sample.marked->mark);
  } catch (const Error&) {
    return std::nullopt;
  }
}

// A template of another model may look for contents in another form, and writes nothing where it finds none.
void PromptEncoder::check_shown(const std::vector<TextOrigin>& origins, const Prepared& sample,
                                std::optional<size_t> response, const std::string& source) const {
  if (!options_.chat_template) return;
  const auto require = [&](TextMarks::Origin origin, bool there, const char* what) {
    if (there && std::ranges::none_of(origins, [&](const TextOrigin& text) { return text.number == origin; }))
      fail("{}: `chat_template` {} does not show the {}: it is for another kind of model", source,
           options_.chat_template->string(), what);
  };
  const auto is_marked = [&](const std::string& text) { return text.find(sample.marked->mark) != text.npos; };
  require(TextMarks::message, is_marked(sample.marked->sample.messages.dump()), "prompt");
  require(TextMarks::response, response && is_marked(sample.marked->sample.responses[*response]), "response");
}

void PromptEncoder::check_prefix(const std::string& rendered, const Sample& sample, size_t response,
                                 const std::string& source) const {
  const std::string& prefix = options_.response_prefix;
  if (prefix.empty()) return;
  std::string prompt = render(sample, std::nullopt, source);
  prompt.resize(prompt.size() - prefix.size());
  check_response_prefix(rendered, prompt, prefix, sample.responses[response], source);
}

void PromptEncoder::check_begins_with(const Text& prompt, const Text& text, const std::string& source) const {
  if (!options_.response_prefix.empty() && !text.rendered.starts_with(prompt.rendered))
    fail(
        "{}: with `response_prefix`, the rendered text does not begin as the prompt does, so the response cannot be "
        "told from the prefix: put what the chat template writes before the response into the prefix, or give another "
        "`chat_template`",
        source);
}

ReadText PromptEncoder::read(const std::string& rendered, const Prepared& sample, std::optional<size_t> response,
                             const std::string& source) const {
  if (const auto known = origins(rendered, sample, response)) {
    check_shown(*known, sample, response, source);
    return read_text(rendered, *known, tokenizer_, sample.policy, source);
  }
  return read_text_of_unknown_origin(rendered, sample.sample, response ? &sample.sample.responses[*response] : nullptr,
                                     tokenizer_, sample.policy, source);
}

PromptEncoder::Text PromptEncoder::encode(const Prepared& sample, std::optional<size_t> response,
                                          const std::string& source) const {
  Text text;
  text.rendered = render(sample.sample, response, source);
  if (response) check_prefix(text.rendered, sample.sample, *response, source);
  ReadText read = this->read(text.rendered, sample, response, source);
  text.ids = std::move(read.ids);
  text.notes = read.of_response;
  text.message_notes = read.of_messages;
  if (text.ids.empty()) fail("{}: the chat template renders nothing for it", source);
  check_image_tokens(text.ids, sample.images.size(), source);
  text.ids = with_all_image_tokens(std::move(text.ids), sample);
  fit(text, source);
  return text;
}

PromptEncoder::Text PromptEncoder::whole_prompt(const Prepared& sample, const std::string& source) const {
  Text text;
  text.rendered = render(sample.sample, std::nullopt, source);
  text.ids = with_all_image_tokens(read(text.rendered, sample, std::nullopt, source).ids, sample);
  return text;
}

PromptEncoder::Text PromptEncoder::encode_rendered(const std::string& rendered, bool begin,
                                                   const std::string& source) const try {
  std::vector<int32_t> ids = tokenizer_.encode(rendered, false);
  if (begin) {
    const std::vector<int32_t> with_begin = tokenizer_.encode(rendered, true);
    const std::vector<int32_t> added = tokenizer_.encode("", true);
    if (added.empty() || ids.empty() || ids.front() != added.front()) ids = with_begin;
  }
  return from_ids(std::move(ids), source);
} catch (const Error& error) {
  if (std::string_view(error.what()).starts_with(source)) throw;
  rethrow_at(source, error);
}

PromptEncoder::Text PromptEncoder::from_ids(std::vector<int32_t> ids, const std::string& source) const {
  Text text;
  text.ids = std::move(ids);
  if (text.ids.empty()) fail("{}: the text has no tokens", source);
  if (image_token_ >= 0 && std::ranges::count(text.ids, image_token_) > 0)
    fail("{}: the text holds {}, and a text that is rendered already comes without images: give messages", source,
         image_token_name());
  fit(text, source);
  return text;
}

std::vector<int32_t> PromptEncoder::common_beginning(const Prepared& sample, const std::string& source) const {
  Prepared unlike = sample;
  unlike.sample.responses = kUnlike;
  unlike.marked = marks_.mark(unlike.sample);
  const auto ids = [&](size_t response) {
    const std::string rendered = render(unlike.sample, response, source);
    return with_all_image_tokens(read(rendered, unlike, response, source).ids, unlike);
  };
  std::vector<int32_t> first = ids(0);
  const std::vector<int32_t> second = ids(1);
  const auto differ = std::ranges::mismatch(first, second).in1;
  const auto equal = static_cast<size_t>(differ - first.begin());
  first.resize(equal - std::min(equal, kMayBeJoined));
  return first;
}

}  // namespace vlrm
