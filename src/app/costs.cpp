#include "app/costs.h"

#include <algorithm>
#include <chrono>
#include <numeric>
#include <set>

#include "app/device.h"
#include "architecture/architecture.h"
#include "base/threads.h"
#include "model/needs.h"
#include "weights/chunks.h"

namespace vlrm {
namespace {

constexpr double kMeasuredSeconds = 0.2;
constexpr int64_t kLargeTensor = int64_t{1} << 26;  // elements; larger ones would take too long
constexpr int64_t kSamplesRead = 16;
// Of the rate of a large matrix product, what scoring reaches: 89 % were measured (bench/README.md) on a CPU.
constexpr double kShareOfMatrixRate = 0.85;

void read_all(const Checkpoint& checkpoint, const TensorInfo& tensor) {
  const std::unique_ptr<TensorReader> reader = checkpoint.prepare(tensor.name);
  parallel_for(chunk_count(tensor.elements()), [&](int64_t chunk) {
    const int64_t first = chunk * kChunkElements, count = std::min(kChunkElements, tensor.elements() - first);
    std::vector<std::byte> bytes(static_cast<size_t>(count * size_of(tensor.dtype)));
    reader->read(first, count, bytes.data());
  });
}

size_t common_beginning(const std::vector<int32_t>& a, const std::vector<int32_t>& b) {
  return static_cast<size_t>(std::ranges::mismatch(a, b).in1 - a.begin());
}

}  // namespace

int64_t bytes_of(const Checkpoint& checkpoint) {
  int64_t bytes = 0;
  for (const TensorInfo& tensor : checkpoint.tensors()) bytes += tensor.bytes();
  return bytes;
}

double measured_weight_rate(const Checkpoint& checkpoint) {
  const std::vector<TensorInfo>& tensors = checkpoint.tensors();
  const bool all_large =
      std::ranges::all_of(tensors, [](const auto& tensor) { return tensor.elements() > kLargeTensor; });
  // From everywhere in the model, in steps without a common factor with their number.
  size_t step = std::max<size_t>(1, tensors.size() * 5 / 8);
  while (std::gcd(step, tensors.size()) > 1) ++step;
  const auto start = std::chrono::steady_clock::now();
  double bytes = 0, seconds = 0;
  for (size_t i = 0; i < tensors.size() && seconds < kMeasuredSeconds; ++i) {
    const TensorInfo& tensor = tensors[i * step % tensors.size()];
    if (tensor.elements() > kLargeTensor && !all_large) continue;
    read_all(checkpoint, tensor);
    bytes += static_cast<double>(tensor.bytes());
    seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }
  return bytes / std::max(seconds, 1e-9);
}

std::vector<int64_t> samples_to_read(int64_t samples) {
  const int64_t count = std::min(samples, kSamplesRead);
  std::vector<int64_t> numbers;
  for (int64_t i = 0; i < count; ++i) numbers.push_back(i * samples / count);
  return numbers;
}

ScoringCosts::ScoringCosts(const Model& model, const ScorerOptions& scorer, const ModelOptions& options)
    : model_((require_scorable(model, scorer), model)),
      likelihood_(scorer.likelihood),
      merges_(options.model.empty()),
      device_(device_of(options)),
      encoder_(model, scorer.prompt),
      backend_(backend_options(options, model)) {}

void ScoringCosts::add(const Sample& sample, const std::string& source) {
  const PromptEncoder::Prepared prepared = encoder_.prepared(sample, source);
  int64_t image_rows = 0;
  std::set<const ProcessedImage*> images;
  for (const auto& image : prepared.images)
    if (images.insert(image.get()).second) {
      const ImageWork work = model_.config.architecture->image_work(model_.config, *image);
      image_operations_ += work.operations;
      image_rows += work.rows;
    }
  std::set<std::vector<int32_t>> texts;
  for (size_t i = 0; i < sample.responses.size(); ++i) texts.insert(encoder_.encode(prepared, i, source).ids);
  text_operations_ += operations_of_texts({texts.begin(), texts.end()}, image_rows);
  images_ += std::ssize(images);
  texts_ += std::ssize(texts);
  ++samples_;
}

// What they have in common at their beginning is computed once. Being sorted, all begin as the first and the last do.
double ScoringCosts::operations_of_texts(const std::vector<std::vector<int32_t>>& texts, int64_t image_rows) {
  const auto shared = static_cast<int64_t>(common_beginning(texts.front(), texts.back()));
  const TextConfig& config = model_.config.text;
  double operations = decoder_operations(config, shared, static_cast<double>(shared) / 2, image_rows);
  tokens_ += shared;
  for (const std::vector<int32_t>& text : texts) {
    const int64_t rest = std::ssize(text) - shared;
    operations +=
        decoder_operations(config, rest, static_cast<double>(shared) + static_cast<double>(rest) / 2, image_rows);
    if (likelihood_) operations += 2.0 * static_cast<double>(rest * config.hidden_size * config.vocab_size);
    tokens_ += rest;
  }
  return operations;
}

Costs ScoringCosts::of(int64_t samples, int64_t batch, int64_t recipes) const {
  ModelConfig config = model_.config;
  config.head = likelihood_ ? Head::language_model : Head::reward;
  const BackendNeeds needs = backend_needs(config, model_.weights, backend_);
  const double all = static_cast<double>(samples) / static_cast<double>(std::max<int64_t>(samples_, 1));
  const int64_t batches = samples / batch + (samples % batch != 0);
  Costs costs;
  costs.device = device_;
  costs.streamed = needs.streamed;
  costs.merges = merges_ ? recipes : 0;
  costs.memory = needs.weights + needs.working;
  costs.free_memory = needs.memory_limit;
  costs.samples = samples;
  costs.samples_read = samples_;
  costs.texts = all * static_cast<double>(texts_);
  costs.tokens = all * static_cast<double>(tokens_);
  costs.images = all * static_cast<double>(images_);
  costs.operations = all * (image_operations_ + text_operations_ * static_cast<double>(recipes));
  costs.operations_per_second = kShareOfMatrixRate * needs.operations_per_second;
  costs.weight_rate = measured_weight_rate(*model_.weights);
  costs.bytes_read = bytes_of(*model_.weights) * recipes * (needs.streamed ? batches : 1);
  costs.weight_seconds = static_cast<double>(costs.bytes_read) / costs.weight_rate;
  const double computing = costs.operations / costs.operations_per_second;
  // Streamed, a layer is read while the one before it computes.
  costs.seconds = needs.streamed ? std::max(costs.weight_seconds, computing) : costs.weight_seconds + computing;
  return costs;
}

}  // namespace vlrm
