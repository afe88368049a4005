#include "reward/scorer.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "base/error.h"
#include "family/names.h"
#include "reward/stamps.h"

namespace vlrm {
namespace {

size_t common_prefix(const std::vector<int32_t>& a, const std::vector<int32_t>& b) {
  return static_cast<size_t>(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin());
}

const ModelConfig& checked_config(const ScorerModel& model, const ScorerOptions& options) {
  const std::string& where = model.weights->description();
  const bool sees = model.config.vision.has_value();
  if (options.mode == Mode::text_only && sees)
    fail("{}: a vision-language model; --mode text-only takes a text reward model (no-image leaves the image out)",
         where);
  if (options.mode != Mode::text_only && !sees)
    fail("{}: a text model, which sees no image; use --mode text-only", where);
  if (!options.likelihood && model.config.head != Head::reward)
    fail("{}: has no reward head; vlrm build makes one, and --likelihood scores without", where);
  if (options.likelihood && !sees && model.config.head == Head::reward)
    fail("{}: a text reward model has no lm_head to take a likelihood from", where);
  return model.config;
}

}  // namespace

double rounded_score(double score) {
  return std::strtod(fmt::format("{:.5f}", score).c_str(), nullptr);
}

ScorerModel ScorerModel::from_directory(const std::filesystem::path& directory) {
  ModelConfig config = ModelConfig::from_directory(directory);
  CheckpointPtr weights = open_canonical(directory, config);
  return {std::move(config), std::move(weights), directory};
}

Scorer::Scorer(const ScorerModel& model, ScorerOptions options, const BackendOptions& backend)
    : config_(checked_config(model, options)),  // before files that another kind of model lacks
      options_(std::move(options)),
      dtype_(backend.dtype),
      tokenizer_(Tokenizer::from_directory(model.files)),
      template_(ChatTemplate::from_directory(model.files)),
      variables_(ChatTemplate::special_tokens(model.files)) {
  if (options_.mode == Mode::image) processor_ = MllamaProcessorConfig::from_directory(model.files);
  ModelConfig config = model.config;
  if (options_.likelihood) config.head = Head::language_model;
  backend_ = load_backend(config, model.weights, backend);
}

Scorer::~Scorer() = default;

ContentForm Scorer::content_form() const {
  switch (options_.mode) {
    case Mode::image:
      return ContentForm::parts;
    case Mode::no_image:
      return ContentForm::parts_without_images;
    case Mode::text_only:
      break;
  }
  return ContentForm::text;
}

std::string Scorer::render(const Sample& sample, const std::string* response, const std::string& source) const {
  ChatTemplate::Input input;
  input.messages = conversation(sample, response, content_form());
  input.add_generation_prompt = response == nullptr;
  input.variables = variables_;
  input.clock = options_.clock ? &*options_.clock : nullptr;
  try {
    return template_.render(input);
  } catch (const Error& error) {
    fail("{}: {}", source, error.what());
  }
}

// The reference pools at the token before the first pad token, modulo the length; without one at the last token.
int64_t Scorer::reward_position(const std::vector<int32_t>& ids) const {
  const auto length = static_cast<int64_t>(ids.size());
  if (!config_.pad_token) return length - 1;
  const auto pad = std::find(ids.begin(), ids.end(), *config_.pad_token);
  return pad == ids.end() ? length - 1 : (pad - ids.begin() - 1 + length) % length;
}

std::string Scorer::image_token_name() const {
  try {
    return fmt::format("\"{}\"", printable(tokenizer_.decode_as_is(std::vector{config_.image_token}, false)));
  } catch (const Error&) {
    return fmt::format("{} (no token of tokenizer.json)", config_.image_token);
  }
}

void Scorer::check_image_tokens(const std::vector<int32_t>& ids, size_t images, const std::string& source) const {
  if (config_.image_token < 0) return;
  const auto found = static_cast<size_t>(std::count(ids.begin(), ids.end(), config_.image_token));
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

Scorer::Text Scorer::encode(const Sample& sample, const std::string& response, const std::string& source) const {
  Text text;
  text.rendered = render(sample, &response, source);
  text.ids = tokenizer_.encode(text.rendered, false);
  if (text.ids.empty()) fail("{}: the chat template renders nothing for it", source);
  check_image_tokens(text.ids, options_.mode == Mode::image ? sample.images.size() : 0, source);
  if (options_.likelihood) {
    const auto prompt = tokenizer_.encode(render(sample, nullptr, source), false);
    text.position = static_cast<int64_t>(common_prefix(text.ids, prompt));
    if (text.position == 0 || text.position == static_cast<int64_t>(text.ids.size()))
      fail("{}: the response cannot be told from the prompt in the rendered text", source);
  } else {
    text.position = reward_position(text.ids);
  }
  return text;
}

std::shared_ptr<const TiledImage> Scorer::tiled(const EncodedImage& image, const std::string& source) const try {
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

PreparedSample Scorer::prepare(const Sample& sample, const std::string& source) const {
  PreparedSample prepared;
  prepared.source = source;
  std::map<std::vector<int32_t>, int64_t> texts;  // ids → position
  std::vector<std::vector<int32_t>> ids_of_responses;
  for (const auto& response : sample.responses) {
    Text text = encode(sample, response, source);
    texts.emplace(text.ids, text.position);
    ids_of_responses.push_back(std::move(text.ids));
    prepared.prompts.push_back(std::move(text.rendered));
  }
  for (const auto& ids : ids_of_responses)
    prepared.text_of_response.push_back(static_cast<size_t>(std::distance(texts.begin(), texts.find(ids))));
  std::vector<std::shared_ptr<const TiledImage>> images;
  if (options_.mode == Mode::image)
    for (const auto& image : sample.images) images.push_back(tiled(image, source));

  // Being sorted, all begin as the first and the last one do.
  const std::vector<int32_t>& first = texts.begin()->first;
  const auto shared = static_cast<std::ptrdiff_t>(common_prefix(first, texts.rbegin()->first));
  const std::vector<int32_t> prefix(first.begin(), first.begin() + shared);
  const auto images_shared = static_cast<size_t>(std::count(prefix.begin(), prefix.end(), config_.image_token));
  if (shared == 0 || images_shared != images.size()) {  // nothing in common: each text is a batch of its own
    for (const auto& [ids, position] : texts) {
      prepared.batches.push_back({images, ids, {{}}});
      prepared.positions.push_back({position});
    }
    return prepared;
  }
  prepared.batches.push_back({std::move(images), prefix, {}});
  prepared.positions.emplace_back();
  for (const auto& [ids, position] : texts) {
    prepared.batches[0].continuations.emplace_back(ids.begin() + shared, ids.end());
    prepared.positions[0].push_back(position);
  }
  return prepared;
}

std::vector<std::vector<double>> Scorer::score(std::span<const PreparedSample> samples) {
  std::vector<SharedPrefixBatch> batches;
  std::vector<std::vector<int64_t>> positions;
  for (const auto& sample : samples) {
    batches.insert(batches.end(), sample.batches.begin(), sample.batches.end());
    positions.insert(positions.end(), sample.positions.begin(), sample.positions.end());
  }
  std::vector<std::vector<double>> values;
  if (options_.likelihood) {
    values = backend_->log_likelihoods(batches, positions);
  } else {
    for (const auto& rewards : backend_->rewards(batches, positions))
      values.emplace_back(rewards.begin(), rewards.end());
  }
  std::vector<std::vector<double>> scores;
  size_t next = 0;
  for (const auto& sample : samples) {
    std::vector<double> of_texts;
    for (size_t i = 0; i < sample.batches.size(); ++i, ++next)
      of_texts.insert(of_texts.end(), values[next].begin(), values[next].end());
    auto& of_sample = scores.emplace_back();
    for (const size_t text : sample.text_of_response) of_sample.push_back(of_texts[text]);
    if (!std::ranges::all_of(of_sample, [](double score) { return std::isfinite(score); }))
      fail("{}: a score is not a finite number: weights of the model are not, or {} is too narrow for them",
           sample.source, torch_name(dtype_));
  }
  return scores;
}

void Scorer::replace_language_weights(CheckpointPtr weights) {
  backend_->replace_language_weights(std::move(weights));
}
void Scorer::keep_images(int64_t bytes) {
  backend_->keep_images(bytes);
}
int64_t Scorer::encoded_image_bytes() const {
  return backend_->encoded_image_bytes();
}
int64_t Scorer::spare_memory() const {
  return backend_->spare_memory();
}
Backend::Work Scorer::work() const {
  return backend_->work();
}
bool Scorer::streamed() const {
  return backend_->streamed();
}

}  // namespace vlrm
