#include "merge/methods/magprune.h"

#include <fmt/format.h>

#include <algorithm>

#include "weights/target_clones.h"

namespace vlrm {
namespace {

// A thread's scratch for one row.
struct Scratch {
  std::vector<uint64_t> keys, sorted;  // magnitude bits, then the element's place
  std::vector<float> probabilities;
  std::vector<uint32_t> draws;
};

constexpr int kDigit = 11;  // bits a pass: three for the 31 of a magnitude

// By magnitude, of equals the first first: counting passes over the digits, the least first.
void sort(std::vector<uint64_t>& keys, std::vector<uint64_t>& sorted) {
  for (const int shift : {32, 32 + kDigit, 32 + 2 * kDigit}) {
    std::array<uint32_t, size_t{1} << kDigit> starts{};
    const auto digit = [&](uint64_t key) { return key >> shift & ((1u << kDigit) - 1); };
    for (const uint64_t key : keys) ++starts[digit(key)];
    uint32_t start = 0;
    for (uint32_t& count : starts) start += std::exchange(count, start);
    for (const uint64_t key : keys) sorted[starts[digit(key)]++] = key;
    keys.swap(sorted);
  }
}

// Whether an element stays: 24 bits of its draw against its probability.
VLRM_TARGET_CLONES void drop(float* delta, const float* probabilities, const uint32_t* draws, int64_t count) {
  for (int64_t i = 0; i < count; ++i)
    delta[i] = static_cast<float>(draws[i] >> 8) * 0x1p-24f < probabilities[i] ? delta[i] : 0.0f;
}

VLRM_TARGET_CLONES void drop_masked(float* delta, const uint32_t* kept, int64_t count) {
  for (int64_t i = 0; i < count; ++i) delta[i] = kept[i] != 0 ? delta[i] : 0.0f;
}

VLRM_TARGET_CLONES void divide_each(float* values, const float* divisors, int64_t count) {
  for (int64_t i = 0; i < count; ++i) values[i] /= divisors[i];
}

class DropByRank final : public Sparsifier {
 public:
  explicit DropByRank(const TensorMerge& merge) : rescale_(rescale_norm_of(merge) == RescaleNorm::density) {
    for (const auto& input : merge.inputs) {
      Model model{static_cast<float>(merge.number(input, "density")), 0, 0, nullptr, input.mask};
      const double epsilon = merge.number(input, "epsilon");
      model.least = static_cast<float>(merge.number(input, "density") - epsilon);
      model.epsilon = static_cast<float>(epsilon);
      if (!model.mask) model.draws = random_draws(merge.seed, input.model, merge.output.name);
      models_.push_back(std::move(model));
    }
  }

  void apply(const Block& block) const override {
    thread_local Scratch scratch;
    for (size_t m = 0; m < models_.size(); ++m)
      if (models_[m].density < 1) drop_row(models_[m], block.tensors[m], block.first, block.count, scratch);
  }

 private:
  struct Model {
    float density, least, epsilon;
    std::shared_ptr<const RandomDraws> draws;
    std::shared_ptr<const ElementMask> mask;
  };

  void drop_row(const Model& model, float* delta, int64_t first, int64_t count, Scratch& scratch) const {
    find_probabilities(model, delta, count, scratch);
    scratch.draws.resize(static_cast<size_t>(count));
    if (model.mask) {
      model.mask->read(first, scratch.draws);
      drop_masked(delta, scratch.draws.data(), count);
    } else {
      model.draws->read(first, scratch.draws);
      drop(delta, scratch.probabilities.data(), scratch.draws.data(), count);
    }
    if (rescale_) divide_each(delta, scratch.probabilities.data(), count);
  }

  static void find_probabilities(const Model& model, const float* delta, int64_t count, Scratch& scratch) {
    const auto size = static_cast<size_t>(count);
    scratch.keys.resize(size);
    scratch.sorted.resize(size);
    scratch.probabilities.resize(size);
    for (size_t i = 0; i < size; ++i) scratch.keys[i] = static_cast<uint64_t>(magnitude_bits(delta[i])) << 32 | i;
    sort(scratch.keys, scratch.sorted);
    const float last = size > 1 ? static_cast<float>(size - 1) : 1.0f;
    for (size_t rank = 0; rank < size; ++rank)
      scratch.probabilities[static_cast<uint32_t>(scratch.keys[rank])] =
          model.least + static_cast<float>(rank) / last * 2 * model.epsilon;
  }

  bool rescale_;
  std::vector<Model> models_;
};

}  // namespace

std::unique_ptr<const Sparsifier> drop_by_rank(const TensorMerge& merge, const MergeInputs& inputs) {
  std::unique_ptr<const Sparsifier> kept = std::make_unique<DropByRank>(merge);
  return rescale_norm_of(merge) == RescaleNorm::l1 ? with_l1_norm(std::move(kept), inputs) : std::move(kept);
}

std::optional<Complaint> complaint_about_epsilon(const TensorMerge& merge) {
  for (const auto& input : merge.inputs) {
    const double density = merge.number(input, "density"), epsilon = merge.number(input, "epsilon");
    if (density < 1 && (density + epsilon >= 1 || density - epsilon <= 0))
      return Complaint{
          fmt::format("density ± epsilon must be between 0 and 1, but they are {} and {}", density, epsilon), &input};
  }
  return std::nullopt;
}

}  // namespace vlrm
