#include "model/decoder.h"

#include <algorithm>

#include "base/error.h"
#include "model/index_tensor.h"
#include "model/projection.h"
#include "model/rms_norm.h"

namespace vlrm {
namespace {

constexpr int64_t kLogitRows = 256;  // bounds the logits, which are as wide as the vocabulary

// A family may have rows behind the vocabulary, and a merged tokenizer may have changed their number, so the checkpoint
// says how many there are.
int64_t rows_of(const WeightReader& reader, const std::string& name) {
  const TensorInfo& info = reader.checkpoint().info_or_throw(name);
  return info.shape.empty() ? 0 : info.shape[0];
}

// Of each row: tokens of the longest text of its group. Where it matters, groups have one text (see Unshared).
std::vector<int64_t> lengths_of_texts(const RaggedBatch& batch) {
  std::vector<int64_t> lengths;
  for (const PrefixGroup& group : batch.groups)
    lengths.insert(lengths.end(), static_cast<size_t>(group.rows.length), group.longest());
  return lengths;
}

}  // namespace

struct Decoder::LanguageHead {
  at::Tensor weight;
};

Decoder::Decoder(Parts& parts, const ModelConfig& config)
    : config_(config.text),
      head_(config.head),
      fusion_(config.architecture->fusion),
      prefix_(config.architecture->text_prefix),
      embedding_name_(prefix_ + "embed_tokens.weight"),
      head_name_(config.text.tie_word_embeddings ? embedding_name_ : std::string(config.architecture->head)),
      precision_(parts.reader().precision()),
      flash_attention_(has_flash_attention(precision_.device, precision_.compute_type, config.text.head_size)),
      parts_(parts),
      rope_(config.text, precision_),
      embedding_(parts.reader(), embedding_name_, rows_of(parts.reader(), embedding_name_), config.text.hidden_size,
                 parts.streamed()),
      vectors_(read_vectors(parts.reader())) {
  const FamilyParts& family = family_parts(config);
  for (int64_t i = 0; i < config_.layers; ++i)
    layers_.push_back(family.add_layer(parts, config, i, fmt::format("{}layers.{}.", prefix_, i)));
  if (head_ == Head::language_model) load_language_head();
}

void Decoder::load_language_head() {
  if (language_head_) return;
  const int64_t rows = rows_of(parts_.reader(), head_name_), width = config_.hidden_size;
  language_head_ = parts_.add<LanguageHead>(
      [=, name = head_name_](const WeightReader& reader) { return LanguageHead{reader.matrix(name, rows, width)}; });
}

Decoder::Vectors Decoder::read_vectors(const WeightReader& reader) const {
  Vectors vectors{reader.vector(prefix_ + "norm.weight", {config_.hidden_size}), {}};
  if (head_ == Head::reward) vectors.reward_head = RewardHead(reader, config_.hidden_size);
  return vectors;
}

void Decoder::replace_weights(const WeightReader& reader) {
  embedding_.check(reader);
  read_vectors(reader.shapes_only());
  parts_.replace(reader, order(/*with_images=*/false, has_language_head()));
  embedding_.replace(reader);
  vectors_ = read_vectors(reader);
}

std::vector<size_t> Decoder::order(bool with_images, bool head) const {
  std::vector<size_t> order;
  for (const LayerPart& layer : layers_)
    if (with_images || !layer.needs_images) order.push_back(layer.handle.index);
  if (head) order.push_back(language_head_->index);
  return order;
}

at::Tensor Decoder::run(const RaggedBatch& batch, const std::vector<ImageFeatures>& images,
                        const BesideRun& beside) const {
  at::Tensor hidden = embedding_.look_up({batch.tokens.begin(), batch.tokens.end()});
  if (fusion_ == Fusion::embeddings) place_images(hidden, batch, images);
  const Rope::Angles angles = rope_.angles(batch.positions, lengths_of_texts(batch));
  const std::optional<BatchRuns> runs = beside.caches ? std::nullopt : runs_of(batch, images);
  const LayerInput input{
      batch, angles, images, [this] { parts_.before_work(); }, beside.pages, runs ? &*runs : nullptr};
  for (size_t i = 0; i < layers_.size(); ++i) {
    if (beside.observer) beside.observer(static_cast<int64_t>(i), hidden);
    if (layers_[i].needs_images && images.empty()) continue;
    std::vector<LayerCache*> caches;
    if (beside.caches)
      for (TextGroup& group : *beside.caches) caches.push_back(&group.layers[i]);
    if (beside.pages) beside.pages->pool = beside.pools[i];
    parts_.use(layers_[i].handle)->forward(hidden, input, caches);
  }
  return hidden;
}

std::optional<BatchRuns> Decoder::runs_of(const RaggedBatch& batch, const std::vector<ImageFeatures>& images) const {
  if (!flash_attention_ || batch.cuts.size() != 1 || !batch.cuts[0].calls.empty()) return std::nullopt;
  std::vector<ImageRows> rows;
  if (fusion_ == Fusion::cross_attention)
    for (const ImageFeatures& image : images) rows.push_back({image.features.size(0), image.existing});
  return BatchRuns::of(batch, rows, precision_.device);
}

void Decoder::place_images(const at::Tensor& hidden, const RaggedBatch& batch,
                           const std::vector<ImageFeatures>& images) const {
  for (const PrefixGroup& group : batch.groups)
    for (size_t i = 0; i < group.images.size(); ++i) {
      const auto image = static_cast<size_t>(group.images[i]);
      const int64_t tokens = batch.images[image]->tokens;
      hidden.narrow(0, group.image_rows[i], tokens).copy_(images[image].features.narrow(0, 0, tokens));
    }
}

// Texts of a group stand at the same position.
Rope::Angles Decoder::angles_of_ends(std::span<const TextGroup> groups) const {
  std::vector<Position> positions;
  std::vector<int64_t> lengths;
  for (const TextGroup& group : groups) {
    positions.insert(positions.end(), static_cast<size_t>(group.texts), Position::in_text(group.position));
    lengths.insert(lengths.end(), static_cast<size_t>(group.texts), group.length + 1);
  }
  return rope_.angles(positions, lengths);
}

at::Tensor Decoder::step(const std::vector<int32_t>& tokens, std::span<TextGroup> groups) const {
  at::Tensor hidden = embedding_.look_up({tokens.begin(), tokens.end()});
  const Rope::Angles angles = angles_of_ends(groups);
  for (size_t i = 0; i < layers_.size(); ++i) {
    std::vector<Growing> all;
    for (TextGroup& group : groups) all.push_back({group.texts, &group.layers[i]});
    if (layers_[i].needs_images && !std::ranges::any_of(groups, &TextGroup::sees_images)) continue;
    parts_.use(layers_[i].handle)->step(hidden, angles, all);
  }
  for (TextGroup& group : groups) ++group.length, ++group.position;
  return hidden;
}

at::Tensor Decoder::step(const std::vector<int32_t>& tokens, const std::vector<TextEnd>& ends, PagedStep& step,
                         std::span<const at::Tensor> pools) const {
  at::Tensor hidden = embedding_.look_up({tokens.begin(), tokens.end()});
  std::vector<Position> positions;
  std::vector<int64_t> lengths;
  for (const TextEnd& end : ends) {
    positions.push_back(Position::in_text(end.position));
    lengths.push_back(end.length);
  }
  step.angles = rope_.angles(positions, lengths);
  for (size_t i = 0; i < layers_.size(); ++i) {
    if (layers_[i].needs_images && !step.image_pages.defined()) continue;
    step.pool = pools[i];
    parts_.use(layers_[i].handle)->step(hidden, step);
  }
  return hidden;
}

at::Tensor Decoder::final_norm(const at::Tensor& states) const {
  return rms_norm(states, vectors_.norm, config_.rms_norm_eps);
}

at::Tensor Decoder::rewards(const at::Tensor& states) const {
  return vectors_.reward_head.rewards(final_norm(states));
}

at::Tensor Decoder::logits(const at::Tensor& states) const {
  const auto head = parts_.use(*language_head_);
  return project(final_norm(states), head->weight, Rows::apart()).to(at::kCPU, at::kFloat);
}

at::Tensor Decoder::log_probabilities(const at::Tensor& states, const std::vector<int64_t>& targets,
                                      const std::vector<int64_t>& rows_of_texts) const {
  VLRM_ASSERT(std::ssize(targets) == states.size(0));
  const auto head = parts_.use(*language_head_);
  const at::Tensor result = at::empty({states.size(0)}, states.options().dtype(at::kFloat));
  for (const int64_t target : targets)
    if (target < 0 || target >= head->weight.size(0))
      fail("token {} has no row in the model's head of {} rows: its likelihood is not defined", target,
           head->weight.size(0));
  const at::Tensor index = index_tensor(targets, precision_.device).unsqueeze(1);
  const auto fill = [&](int64_t first, int64_t rows) {
    const at::Tensor logits = project(final_norm(states.narrow(0, first, rows)), head->weight).to(at::kFloat);
    result.narrow(0, first, rows).copy_(at::log_softmax(logits, 1).gather(1, index.narrow(0, first, rows)).squeeze(1));
  };
  int64_t first = 0;
  for (const int64_t text : rows_of_texts)
    for (const int64_t end = first + text; first < end;) {
      const int64_t rows = std::min(kLogitRows, end - first);
      fill(first, rows);
      first += rows;
    }
  VLRM_ASSERT(first == states.size(0));
  return result.to(at::kCPU);
}

}  // namespace vlrm
