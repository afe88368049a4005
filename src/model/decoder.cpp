#include "model/decoder.h"

#include <algorithm>

#include "base/error.h"
#include "model/index_tensor.h"
#include "model/projection.h"
#include "model/rms_norm.h"

namespace vlrm {
namespace {

constexpr int64_t kLogitRows = 256;  // bounds the logits, which are as wide as the vocabulary

// What comes before the names of the text's tensors.
std::string text_prefix(const ModelConfig& config) {
  return config.vision ? "language_model." : "";
}

std::string embedding_name(const ModelConfig& config) {
  return text_prefix(config) + "model.embed_tokens.weight";
}

// Llama's table has a row a token; Mllama's has eight more, for <|image|> and reserved tokens. A merged tokenizer may
// have changed the number, so that the checkpoint says how many there are.
int64_t rows_of(const WeightReader& reader, const std::string& name) {
  const TensorInfo& info = reader.checkpoint().info_or_throw(name);
  return info.shape.empty() ? 0 : info.shape[0];
}

// Of a cross-attention layer.
bool sees_images(const Growing& group) {
  return !group.cache->shared.empty();
}

void step_where_images_are(const CrossAttentionLayer& layer, const at::Tensor& hidden,
                           const std::vector<Growing>& groups) {
  int64_t row = 0;
  for (auto first = groups.begin(); first != groups.end();) {
    const auto end = std::find_if(first, groups.end(),
                                  [&](const Growing& group) { return sees_images(group) != sees_images(*first); });
    int64_t rows = 0;
    for (auto group = first; group != end; ++group) rows += group->texts;
    if (sees_images(*first)) layer.step(hidden.narrow(0, row, rows), {first, end});
    row += rows;
    first = end;
  }
}

}  // namespace

struct Decoder::LanguageHead {
  at::Tensor weight;
};

Decoder::Decoder(Parts& parts, const ModelConfig& config)
    : config_(config.text),
      head_(config.head),
      prefix_(text_prefix(config)),
      precision_(parts.reader().precision()),
      parts_(parts),
      rope_(config.text, precision_),
      embedding_(parts.reader(), embedding_name(config), rows_of(parts.reader(), embedding_name(config)),
                 config.text.hidden_size, parts.streamed()),
      vectors_(read_vectors(parts.reader())) {
  for (int64_t i = 0; i < config_.layers; ++i) {
    const std::string prefix = fmt::format("{}model.layers.{}.", prefix_, i);
    const auto& cross = config_.cross_attention_layers;
    const TextConfig text = config.text;
    if (std::binary_search(cross.begin(), cross.end(), i))
      layers_.push_back(parts.add<CrossAttentionLayer>(
          [=](const WeightReader& reader) { return CrossAttentionLayer(reader, text, prefix); }));
    else
      layers_.push_back(parts.add<SelfAttentionLayer>(
          [=](const WeightReader& reader) { return SelfAttentionLayer(reader, text, prefix); }));
  }
  if (head_ == Head::reward) return;
  const std::string head = config_.tie_word_embeddings ? embedding_name(config) : prefix_ + "lm_head.weight";
  const int64_t rows = rows_of(parts.reader(), head), width = config_.hidden_size;
  language_head_ = parts.add<LanguageHead>(
      [=](const WeightReader& reader) { return LanguageHead{reader.matrix(head, rows, width)}; });
}

Decoder::Vectors Decoder::read_vectors(const WeightReader& reader) const {
  Vectors vectors{reader.vector(prefix_ + "model.norm.weight", {config_.hidden_size}), {}};
  if (head_ == Head::reward) vectors.reward_head = reader.matrix("score.weight", 1, config_.hidden_size);
  return vectors;
}

void Decoder::replace_weights(const WeightReader& reader) {
  embedding_.check(reader);
  read_vectors(reader.shapes_only());
  parts_.replace(reader, order(/*with_images=*/false, head_ != Head::reward));
  embedding_.replace(reader);
  vectors_ = read_vectors(reader);
}

std::vector<size_t> Decoder::order(bool with_images, bool head) const {
  std::vector<size_t> order;
  for (const Layer& layer : layers_)
    if (with_images || std::holds_alternative<Parts::Handle<SelfAttentionLayer>>(layer))
      order.push_back(std::visit([](const auto& handle) { return handle.index; }, layer));
  if (head) order.push_back(language_head_.index);
  return order;
}

at::Tensor Decoder::run(const RaggedBatch& batch, const std::vector<ImageFeatures>& images,
                        const BesideRun& beside) const {
  const auto cache = [&](size_t group, size_t layer) {
    return beside.caches ? &(*beside.caches)[group].layers[layer] : nullptr;
  };
  at::Tensor hidden = embedding_.look_up({batch.tokens.begin(), batch.tokens.end()});
  const Rope::Angles angles = rope_.angles(batch.positions);
  for (size_t i = 0; i < layers_.size(); ++i) {
    if (beside.observer) beside.observer(static_cast<int64_t>(i), hidden);
    if (const auto* handle = std::get_if<Parts::Handle<SelfAttentionLayer>>(&layers_[i])) {
      const auto layer = parts_.use(*handle);
      for (size_t g = 0; g < batch.groups.size(); ++g) {
        parts_.before_work();
        const Segment& rows = batch.groups[g].rows;
        layer->forward(hidden.narrow(0, rows.first, rows.length), batch.groups[g], angles.rows(rows.first, rows.length),
                       cache(g, i));
      }
    } else if (!images.empty()) {
      const auto layer = parts_.use(std::get<Parts::Handle<CrossAttentionLayer>>(layers_[i]));
      cross_attend(*layer, hidden, batch, images, beside, i);
    }
  }
  return hidden;
}

// An image's keys and values are computed when the first group asks for them and dropped after the last one.
void Decoder::cross_attend(const CrossAttentionLayer& layer, const at::Tensor& hidden, const RaggedBatch& batch,
                           const std::vector<ImageFeatures>& images, const BesideRun& beside,
                           size_t layer_index) const {
  std::vector<ImageKeysValues> ready(images.size());
  std::vector<std::shared_ptr<const KeysValues>> kept(images.size());
  std::vector<int64_t> uses(images.size());
  for (const PrefixGroup& group : batch.groups)
    for (const int64_t index : group.images) ++uses[static_cast<size_t>(index)];
  for (size_t g = 0; g < batch.groups.size(); ++g) {
    const PrefixGroup& group = batch.groups[g];
    if (group.images.empty()) continue;
    parts_.before_work();
    for (const int64_t image : group.images) {
      const auto at = static_cast<size_t>(image);
      if (!ready[at].keys.defined()) ready[at] = layer.keys_values(images[at].features, images[at].existing);
    }
    layer.forward(hidden.narrow(0, group.rows.first, group.rows.length), group, ready);
    if (beside.caches) {
      for (const int64_t image : group.sights.back().images) {
        const auto at = static_cast<size_t>(image);
        if (!kept[at]) kept[at] = std::make_shared<KeysValues>(ready[at].of_existing());
        (*beside.caches)[g].layers[layer_index].shared.push_back(kept[at]);
      }
    }
    for (const int64_t image : group.images)
      if (--uses[static_cast<size_t>(image)] == 0) ready[static_cast<size_t>(image)] = {};
  }
}

// Texts of a group stand at the same position.
Rope::Angles Decoder::angles_of_ends(std::span<const TextGroup> groups) const {
  std::vector<int64_t> positions;
  for (const TextGroup& group : groups)
    positions.insert(positions.end(), static_cast<size_t>(group.texts), group.length);
  return rope_.angles(positions);
}

at::Tensor Decoder::step(const std::vector<int32_t>& tokens, std::span<TextGroup> groups) const {
  at::Tensor hidden = embedding_.look_up({tokens.begin(), tokens.end()});
  const Rope::Angles angles = angles_of_ends(groups);
  for (size_t i = 0; i < layers_.size(); ++i) {
    std::vector<Growing> all;
    for (TextGroup& group : groups) all.push_back({group.texts, &group.layers[i]});
    if (const auto* handle = std::get_if<Parts::Handle<SelfAttentionLayer>>(&layers_[i])) {
      parts_.use(*handle)->step(hidden, angles, all);
    } else if (std::ranges::any_of(all, sees_images)) {
      const auto layer = parts_.use(std::get<Parts::Handle<CrossAttentionLayer>>(layers_[i]));
      step_where_images_are(*layer, hidden, all);
    }
  }
  for (TextGroup& group : groups) ++group.length;
  return hidden;
}

at::Tensor Decoder::final_norm(const at::Tensor& states) const {
  return rms_norm(states, vectors_.norm, config_.rms_norm_eps);
}

at::Tensor Decoder::rewards(const at::Tensor& states) const {
  return project(final_norm(states), vectors_.reward_head).squeeze(1).to(at::kCPU, at::kFloat);
}

at::Tensor Decoder::logits(const at::Tensor& states) const {
  const auto head = parts_.use(language_head_);
  return project(final_norm(states), head->weight, Rows::apart).to(at::kCPU, at::kFloat);
}

at::Tensor Decoder::log_probabilities(const at::Tensor& states, const std::vector<int64_t>& targets,
                                      const std::vector<int64_t>& rows_of_groups) const {
  VLRM_ASSERT(std::ssize(targets) == states.size(0));
  const auto head = parts_.use(language_head_);
  at::Tensor result = at::empty({states.size(0)}, at::kFloat);
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
  for (const int64_t group : rows_of_groups)
    for (const int64_t end = first + group; first < end;) {
      const int64_t rows = std::min(kLogitRows, end - first);
      fill(first, rows);
      first += rows;
    }
  VLRM_ASSERT(first == states.size(0));
  return result;
}

}  // namespace vlrm
