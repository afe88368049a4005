#include "model/torch_backend.h"

#include <algorithm>

#include "base/error.h"
#include "model/index_tensor.h"
#include "model/matrix_rate.h"
#include "model/memory.h"
#include "model/paged_text_writer.h"
#include "model/torch_text_writer.h"
#include "model/unshared.h"

namespace vlrm {
namespace {

constexpr int64_t kReserve = int64_t{512} << 20;  // libtorch's own scratch, threads, the program
// Of a pass on a device: enough to keep a GPU busy. Images of four tiles have some 6,400 rows.
constexpr int64_t kPassTokens = 16384, kPassImageRows = 131072;
// Kept where nobody asks for more: enough for samples about one image that follow each other.
constexpr int64_t kFewImagesBytes = int64_t{512} << 20;

// Of the embeddings again, as the head.
int64_t tied_head_bytes(const ModelConfig& config, Dtype storage) {
  if (!config.text.tie_word_embeddings) return 0;
  return config.text.vocab_size * config.text.hidden_size * size_of(storage);
}

int64_t stored_bytes(const ModelConfig& config, const Checkpoint& checkpoint, Dtype storage) {
  int64_t bytes = config.head == Head::language_model ? tied_head_bytes(config, storage) : 0;
  for (const TensorInfo& tensor : checkpoint.tensors()) bytes += tensor.elements() * size_of(storage);
  return bytes;
}

// Beside the weights: the widest activations of one image, and of a text of a few thousand tokens.
int64_t working_bytes(const ModelConfig& config) {
  constexpr int64_t kTokens = 4096;
  int64_t bytes = kReserve + kTokens * (2 * config.text.intermediate_size + 8 * config.text.hidden_size) * 4;
  if (const auto encoding_bytes = family_parts(config).encoding_bytes) bytes += encoding_bytes(config);
  return bytes;
}

// Streamed, two layers are in memory: the one at work and the next.
int64_t two_layers_bytes(const TextConfig& text, Dtype storage) {
  const int64_t heads = 2 * text.attention_heads + 2 * text.key_value_heads;
  return 2 * text.hidden_size * (heads * text.head_size + 3 * text.intermediate_size) * size_of(storage);
}

bool choose_streamed(const ModelConfig& config, const Checkpoint& checkpoint, const BackendOptions& options,
                     int64_t memory_limit) {
  if (options.weights != BackendOptions::Weights::automatic)
    return options.weights == BackendOptions::Weights::streamed;
  return stored_bytes(config, checkpoint, options.dtype) + working_bytes(config) > memory_limit;
}

void check_positions(std::span<const SharedPrefixBatch> batches, const std::vector<std::vector<int64_t>>& positions,
                     int64_t lowest) {
  VLRM_ASSERT(positions.size() == batches.size());
  for (size_t i = 0; i < batches.size(); ++i) {
    VLRM_ASSERT(positions[i].size() == batches[i].continuations.size());
    for (size_t j = 0; j < positions[i].size(); ++j) {
      const auto length = static_cast<int64_t>(batches[i].prefix.size() + batches[i].continuations[j].size());
      if (positions[i][j] < lowest || positions[i][j] >= length)
        fail("position {} is outside a text of {} tokens", positions[i][j], length);
    }
  }
}

}  // namespace

BackendNeeds torch_backend_needs(const ModelConfig& config, const Checkpoint& checkpoint,
                                 const BackendOptions& options) {
  const Precision precision = Precision::of(options.device, options.dtype);
  BackendNeeds needs;
  needs.memory_limit = options.memory_limit > 0 ? options.memory_limit : available_memory(precision.device);
  needs.streamed = choose_streamed(config, checkpoint, options, needs.memory_limit);
  needs.weights =
      needs.streamed ? two_layers_bytes(config.text, options.dtype) : stored_bytes(config, checkpoint, options.dtype);
  needs.working = working_bytes(config);
  needs.operations_per_second = measured_matrix_rate(precision);
  return needs;
}

TorchBackend::TorchBackend(const ModelConfig& config, const CheckpointPtr& checkpoint, const BackendOptions& options)
    : config_(config),
      storage_(options.dtype),
      precision_(Precision::of(options.device, options.dtype)),
      memory_limit_(options.memory_limit > 0 ? options.memory_limit : available_memory(precision_.device)),
      together_(!precision_.device.is_cpu() && !options.batch_invariant),
      parts_(WeightReader(checkpoint, precision_), choose_streamed(config, *checkpoint, options, memory_limit_),
             options.before_layer),
      encoder_(config.sees() ? family_parts(config).add_encoder(parts_, config) : nullptr),
      decoder_(parts_, config) {
  const int64_t weights = parts_.streamed() ? two_layers_bytes(config.text, options.dtype)
                                            : stored_bytes(config, *checkpoint, options.dtype);
  spare_memory_ = std::max<int64_t>(memory_limit_ - weights - working_bytes(config), 0);
  keep_images(encoder_ ? std::min(kFewImagesBytes, spare_memory_ / 4) : 0);
}

std::unique_ptr<TextWriter> TorchBackend::write_texts() {
  if (!decoder_.has_language_head())
    fail("this model has a reward head in place of a language model's: it gives rewards, and writes nothing");
  if (together_ && decoder_.can_use_pages()) return std::make_unique<PagedTextWriter>(*this);
  return std::make_unique<TorchTextWriter>(*this);
}

void TorchBackend::load_language_head() {
  if (decoder_.has_language_head()) return;
  const c10::InferenceMode no_gradients;
  decoder_.load_language_head();
  if (!parts_.streamed()) spare_memory_ = std::max<int64_t>(spare_memory_ - tied_head_bytes(config_, storage_), 0);
}

void TorchBackend::replace_language_weights(CheckpointPtr checkpoint) {
  const c10::InferenceMode no_gradients;
  decoder_.replace_weights(WeightReader(std::move(checkpoint), precision_));
}

std::optional<int64_t> TorchBackend::spare_host_memory() const {
  if (precision_.device.is_cpu()) return std::nullopt;
  return available_memory(at::kCPU);
}

void TorchBackend::keep_images(int64_t bytes) {
  kept_.set_limit(bytes);
  activation_limit_ = std::max<int64_t>((spare_memory_ - bytes) / 2, 0);
}

int64_t TorchBackend::encoded_image_bytes(const ProcessedImage& image) const {
  const auto size = static_cast<int64_t>(at::elementSize(precision_.compute_type));
  return encoder_->rows(image) * config_.text.hidden_size * size;
}

bool TorchBackend::share_wrongly(std::span<const SharedPrefixBatch> batches) const {
  return std::ranges::any_of(batches, [&](const auto& batch) { return shares_wrongly(config_.text, batch); });
}

RaggedBatch TorchBackend::laid_out(std::span<const SharedPrefixBatch> batches) const {
  return lay_out(batches, config_.image_token, together_ ? Cutting::together : Cutting::each_text);
}

// What stays in memory for the whole of a pass. On a CPU only, since on a device passes are cut otherwise.
int64_t TorchBackend::activation_bytes(const SharedPrefixBatch& batch) const {
  auto tokens = static_cast<int64_t>(batch.prefix.size());
  for (const auto& continuation : batch.continuations) tokens += static_cast<int64_t>(continuation.size());
  const TextConfig& text = config_.text;
  int64_t bytes = tokens * (text.hidden_size + 2 * text.head_size) * 4;
  // Streamed, the encoder goes through its layers with all images at once.
  const int64_t states = parts_.streamed() && encoder_ ? encoder_->states_per_row() : 0;
  if (encoder_)
    for (const auto& image : batch.images) bytes += encoder_->rows(*image) * (states + text.hidden_size) * 4;
  return bytes;
}

// Adds the batch to a pass's size, or says that it is too much, and makes it that of a pass which begins with it.
bool TorchBackend::ends_pass(const SharedPrefixBatch& batch, PassSize& size) const {
  PassSize one{.bytes = activation_bytes(batch), .tokens = static_cast<int64_t>(batch.prefix.size())};
  for (const auto& continuation : batch.continuations) one.tokens += static_cast<int64_t>(continuation.size());
  if (encoder_)
    for (const auto& image : batch.images) one.image_rows += encoder_->rows(*image);
  const PassSize both{size.bytes + one.bytes, size.tokens + one.tokens, size.image_rows + one.image_rows};
  const bool ends = precision_.device.is_cpu() ? both.bytes > activation_limit_
                                               : both.tokens > kPassTokens || both.image_rows > kPassImageRows;
  size = ends ? one : both;
  return ends;
}

std::vector<TorchBackend::Pass> TorchBackend::passes(std::span<const SharedPrefixBatch> batches) const {
  std::vector<Pass> result;
  PassSize size;
  for (size_t i = 0; i < batches.size(); ++i) {
    if (ends_pass(batches[i], size) || result.empty()) result.push_back({i, 0});
    ++result.back().count;
  }
  return result;
}

std::vector<ImageFeatures> TorchBackend::kept_features(const RaggedBatch& batch) {
  std::vector<ImageFeatures> result;
  for (const ProcessedImage* image : batch.images)
    result.push_back({kept_.find(image->digest), encoder_->existing_rows(*image)});
  return result;
}

void TorchBackend::encode(const RaggedBatch& batch, std::vector<ImageFeatures>& features) {
  std::vector<const ProcessedImage*> missing;
  std::vector<size_t> places;
  for (size_t i = 0; i < features.size(); ++i) {
    if (features[i].features.defined()) continue;
    missing.push_back(batch.images[i]);
    places.push_back(i);
  }
  // Resident, one image after the other needs the least memory; streamed, each layer is to be read once.
  const size_t together = parts_.streamed() ? missing.size() : 1;
  for (size_t first = 0; first < missing.size(); first += together) {
    const std::vector<at::Tensor> made = encoder_->encode(std::span(missing).subspan(first, together));
    for (size_t i = 0; i < made.size(); ++i) {
      features[places[first + i]].features = made[i];
      kept_.keep(missing[first + i]->digest, made[i]);
    }
  }
  work_.images_encoded += static_cast<int64_t>(missing.size());
}

at::Tensor TorchBackend::run(const RaggedBatch& batch, bool head, const BesideRun& beside) {
  auto features = kept_features(batch);
  std::vector<size_t> order;
  if (!std::ranges::all_of(features, [](const auto& image) { return image.features.defined(); }))
    order = encoder_->order();
  const auto text = decoder_.order(!batch.images.empty(), head);
  order.insert(order.end(), text.begin(), text.end());
  parts_.expect(order);
  encode(batch, features);
  at::Tensor states = decoder_.run(batch, features, beside);
  work_.tokens += static_cast<int64_t>(batch.tokens.size());
  return states;
}

std::vector<std::vector<float>> TorchBackend::rewards(std::span<const SharedPrefixBatch> batches,
                                                      const std::vector<std::vector<int64_t>>& positions) {
  if (!decoder_.has_reward_head())
    fail("this model has no reward head: score with one that `vlrm build` made, or ask for `likelihood`");
  check_positions(batches, positions, 0);
  if (share_wrongly(batches)) {
    const Unshared apart(config_.text, batches, positions);
    return apart.regrouped(rewards(apart.batches(), apart.positions()));
  }
  const c10::InferenceMode no_gradients;
  std::vector<std::vector<float>> result;
  for (const Pass& pass : passes(batches)) {
    const RaggedBatch batch = laid_out(batches.subspan(pass.first, pass.count));
    const at::Tensor states = run(batch, false);
    if (together_) {  // of all at once: each result that is fetched is a wait
      add_rewards(result, batch, states, positions);
      continue;
    }
    for (size_t i = 0; i < pass.count; ++i) {
      const auto& wanted = positions[pass.first + i];
      std::vector<int64_t> rows;
      for (size_t j = 0; j < wanted.size(); ++j) rows.push_back(batch.groups[i].row(j, wanted[j]));
      result.emplace_back(rows.size());
      if (rows.empty()) continue;
      const at::Tensor rewards = decoder_.rewards(select_rows(states, rows)).contiguous();
      std::copy_n(rewards.const_data_ptr<float>(), rows.size(), result.back().begin());
    }
  }
  return result;
}

void TorchBackend::add_rewards(std::vector<std::vector<float>>& result, const RaggedBatch& batch,
                               const at::Tensor& states, const std::vector<std::vector<int64_t>>& positions) const {
  const size_t first = result.size();
  std::vector<int64_t> rows;
  for (size_t i = 0; i < batch.groups.size(); ++i) {
    const auto& wanted = positions[first + i];
    for (size_t j = 0; j < wanted.size(); ++j) rows.push_back(batch.groups[i].row(j, wanted[j]));
    result.emplace_back(wanted.size());
  }
  if (rows.empty()) return;
  const at::Tensor rewards = decoder_.rewards(select_rows(states, rows)).contiguous();
  const float* next = rewards.const_data_ptr<float>();
  for (size_t i = first; i < result.size(); ++i)
    for (float& reward : result[i]) reward = *next++;
}

std::vector<std::vector<double>> TorchBackend::log_likelihoods(std::span<const SharedPrefixBatch> batches,
                                                               const std::vector<std::vector<int64_t>>& positions) {
  if (!decoder_.has_language_head())
    fail("this model has a reward head in place of a language model's: it gives rewards, not likelihoods");
  check_positions(batches, positions, 1);
  if (share_wrongly(batches)) {
    const Unshared apart(config_.text, batches, positions);
    return apart.regrouped(log_likelihoods(apart.batches(), apart.positions()));
  }
  const c10::InferenceMode no_gradients;
  std::vector<std::vector<double>> result;
  for (const Pass& pass : passes(batches)) {
    const auto some = batches.subspan(pass.first, pass.count);
    const RaggedBatch batch = laid_out(some);
    const at::Tensor states = run(batch, true);
    std::vector<int64_t> rows, targets, rows_of_texts;
    for (size_t i = 0; i < pass.count; ++i)
      for (size_t j = 0; j < some[i].continuations.size(); ++j) {
        const size_t before = rows.size();
        for (int64_t at = positions[pass.first + i][j]; at < batch.groups[i].length(j); ++at) {
          rows.push_back(batch.groups[i].row(j, at - 1));
          targets.push_back(batch.tokens[static_cast<size_t>(batch.groups[i].row(j, at))]);
        }
        rows_of_texts.push_back(static_cast<int64_t>(rows.size() - before));
      }
    if (together_) rows_of_texts = {static_cast<int64_t>(rows.size())};
    const at::Tensor each = decoder_.log_probabilities(select_rows(states, rows), targets, rows_of_texts);
    const float* next = each.const_data_ptr<float>();
    for (size_t i = 0; i < pass.count; ++i) {
      result.emplace_back(some[i].continuations.size());
      for (size_t j = 0; j < some[i].continuations.size(); ++j)
        for (int64_t at = positions[pass.first + i][j]; at < batch.groups[i].length(j); ++at)
          result.back()[j] += *next++;
    }
  }
  return result;
}

}  // namespace vlrm
