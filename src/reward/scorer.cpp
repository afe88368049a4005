#include "reward/scorer.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>

#include "architecture/architecture.h"
#include "architecture/reward_head.h"
#include "base/error.h"
#include "reward/pooling.h"

namespace vlrm {
namespace {

size_t common_prefix(const std::vector<int32_t>& a, const std::vector<int32_t>& b) {
  return static_cast<size_t>(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin());
}

bool holds_all(const std::vector<std::shared_ptr<const ProcessedImage>>& images, const std::vector<int32_t>& ids,
               int32_t image_token) {
  int64_t placeholders = 0;
  for (const auto& image : images) placeholders += image->tokens;
  return std::ranges::count(ids, image_token) == placeholders;
}

// Texts that begin with `beginning` become one batch, the others one each. Whether a text is among them does not depend
// on the others. Returns where each is among the texts of all batches.
std::map<std::vector<int32_t>, size_t> put_into_batches(
    const std::map<std::vector<int32_t>, int64_t>& positions, const std::vector<int32_t>& beginning,
    const std::vector<std::shared_ptr<const ProcessedImage>>& images, PreparedSample& sample) {
  const auto begins_so = [&](const std::vector<int32_t>& ids) {
    return !beginning.empty() && common_prefix(ids, beginning) == beginning.size();
  };
  std::map<std::vector<int32_t>, size_t> places;
  for (const auto& [ids, position] : positions) {
    if (!begins_so(ids)) continue;
    if (places.empty()) {
      sample.batches.push_back({images, beginning, {}});
      sample.positions.emplace_back();
    }
    sample.batches[0].continuations.emplace_back(ids.begin() + std::ssize(beginning), ids.end());
    sample.positions[0].push_back(position);
    places.emplace(ids, places.size());
  }
  for (const auto& [ids, position] : positions) {
    if (begins_so(ids)) continue;
    sample.batches.push_back({images, ids, {{}}});
    sample.positions.push_back({position});
    places.emplace(ids, places.size());
  }
  return places;
}

PromptOptions prompt_options(const ModelConfig& config, const ScorerOptions& options) {
  PromptOptions prompt = options.prompt;
  if (!options.likelihood) prompt.last_token = config.reward_token;
  return prompt;
}

}  // namespace

void require_scorable(const Model& model, const ScorerOptions& options) {
  const std::string& where = model.weights->description();
  const bool sees = model.config.sees();
  if (options.prompt.mode == Mode::text_only && sees)
    fail("{}: a vision-language model; `mode` text-only takes a text reward model (no-image leaves the image out)",
         where);
  if (options.prompt.mode != Mode::text_only && !sees)
    fail("{}: a text model, which sees no image; use `mode` text-only", where);
  if (!options.likelihood && reward_head_layers(*model.weights).empty())
    fail("{}: has no reward head; vlrm build makes one, and `likelihood` scores without", where);
  if (const auto several = options.likelihood ? std::nullopt : several_labels(model.config))
    fail("{}: {}", where, *several);
  if (options.likelihood && !sees && model.config.head == Head::reward)
    fail("{}: a text reward model has no lm_head to take a likelihood from", where);
}

Scorer::Scorer(const Model& model, const ScorerOptions& options, const BackendOptions& backend)
    : Scorer(model, options, backend.dtype, [&] {
        ModelConfig config = model.config;
        config.head = options.likelihood ? Head::language_model : Head::reward;
        return load_backend(config, model.weights, backend);
      }) {}

Scorer::Scorer(const Model& model, const ScorerOptions& options, Dtype dtype, const Load& load)
    : config_((require_scorable(model, options), model.config)),  // before files that another kind of model lacks
      likelihood_(options.likelihood),
      dtype_(dtype),
      encoder_(model, prompt_options(model.config, options)),
      backend_(load()) {}

Scorer::~Scorer() = default;

int64_t Scorer::reward_position(const std::vector<int32_t>& ids, const std::string& source) const try {
  return pooled_token(config_, ids);
} catch (const Error& error) {
  rethrow_at(source, error);
}

// Where the response begins.
int64_t Scorer::likelihood_position(const PromptEncoder::Text& text, const PromptEncoder::Text& prompt,
                                    const std::string& source) const {
  encoder_.check_begins_with(prompt, text, source);
  const auto cut = static_cast<ptrdiff_t>(text.cut_at_start);
  if (cut >= static_cast<ptrdiff_t>(prompt.ids.size())) fail("{}: `truncation` leaves nothing of the prompt", source);
  const std::vector<int32_t> kept(prompt.ids.begin() + cut, prompt.ids.end());
  const size_t position = common_prefix(text.ids, kept);
  if (position == 0 || position == text.ids.size())
    fail("{}: the response cannot be told from the prompt in the rendered text{}", source,
         text.notes.cut_texts > 0 ? " that `truncation` leaves" : "");
  return static_cast<int64_t>(position);
}

PreparedSample Scorer::prepare(const Sample& sample, const std::string& source) const {
  PreparedSample prepared;
  prepared.source = source;
  const PromptEncoder::Prepared texts_of_sample = encoder_.prepared(sample, source);
  const auto prompt = likelihood_ ? encoder_.whole_prompt(texts_of_sample, source) : PromptEncoder::Text();
  std::map<std::vector<int32_t>, int64_t> texts;  // their positions
  std::vector<std::vector<int32_t>> ids_of_responses;
  for (size_t i = 0; i < sample.responses.size(); ++i) {
    const std::string where = sample.responses.size() > 1 ? fmt::format("{}: responses[{}]", source, i) : source;
    PromptEncoder::Text text = encoder_.encode(texts_of_sample, i, where);
    if (i == 0) prepared.notes_of_messages = text.message_notes;
    if (i == 0) prepared.notes.add(text.message_notes);
    prepared.notes.add(text.notes);
    prepared.notes_of_responses.push_back(text.notes);
    prepared.tokens_of_responses.push_back(std::ssize(text.ids));
    texts.emplace(text.ids, likelihood_ ? likelihood_position(text, prompt, where) : reward_position(text.ids, where));
    ids_of_responses.push_back(std::move(text.ids));
    prepared.prompts.push_back(std::move(text.rendered));
  }
  std::vector<int32_t> beginning = encoder_.common_beginning(texts_of_sample, source);
  if (!holds_all(texts_of_sample.images, beginning, config_.image_token)) beginning.clear();
  const auto places = put_into_batches(texts, beginning, texts_of_sample.images, prepared);
  for (const auto& ids : ids_of_responses) prepared.text_of_response.push_back(places.at(ids));
  return prepared;
}

PreparedSample Scorer::prepare_rendered(const std::vector<Rendered>& given, const std::string& source) const {
  if (likelihood_) fail("{}: a likelihood needs messages, which say where the response begins", source);
  PreparedSample prepared;
  prepared.source = source;
  std::map<std::vector<int32_t>, int64_t> texts;
  std::vector<std::vector<int32_t>> ids_of_responses;
  for (const Rendered& each : given) {
    const std::string where = given.size() > 1 ? fmt::format("{}[{}]", source, prepared.prompts.size()) : source;
    for (const int32_t id : each.ids)
      if (id >= config_.text.vocab_size)
        fail("{}: id {} is not of this model, whose vocabulary has {}", where, id, config_.text.vocab_size);
    PromptEncoder::Text text =
        each.ids.empty() ? encoder_.encode_rendered(each.text, each.begin, where) : encoder_.from_ids(each.ids, where);
    prepared.notes.add(text.notes);
    prepared.notes_of_responses.push_back(text.notes);
    prepared.tokens_of_responses.push_back(std::ssize(text.ids));
    texts.emplace(text.ids, reward_position(text.ids, where));
    ids_of_responses.push_back(std::move(text.ids));
    prepared.prompts.push_back(each.text);
  }
  const auto places = put_into_batches(texts, {}, {}, prepared);
  for (const auto& ids : ids_of_responses) prepared.text_of_response.push_back(places.at(ids));
  return prepared;
}

int64_t PreparedSample::tokens() const {
  int64_t count = 0;
  for (const SharedPrefixBatch& batch : batches) {
    count += std::ssize(batch.prefix);
    for (const auto& text : batch.continuations) count += std::ssize(text);
  }
  return count;
}

std::vector<std::vector<double>> Scorer::score(std::span<const PreparedSample> samples) {
  std::vector<SharedPrefixBatch> batches;
  std::vector<std::vector<int64_t>> positions;
  for (const auto& sample : samples) {
    batches.insert(batches.end(), sample.batches.begin(), sample.batches.end());
    positions.insert(positions.end(), sample.positions.begin(), sample.positions.end());
  }
  std::vector<std::vector<double>> values;
  if (likelihood_) {
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
int64_t Scorer::encoded_image_bytes(const ProcessedImage& image) const {
  return backend_->encoded_image_bytes(image);
}
int64_t Scorer::spare_memory() const {
  return backend_->spare_memory();
}
std::optional<int64_t> Scorer::spare_host_memory() const {
  return backend_->spare_host_memory();
}
Backend::Work Scorer::work() const {
  return backend_->work();
}
bool Scorer::streamed() const {
  return backend_->streamed();
}

}  // namespace vlrm
