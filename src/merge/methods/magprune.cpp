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

// Sorts what is nearly sorted; false where it turns out not to be.
bool finish_by_insertion(std::vector<uint64_t>& keys) {
  auto moves_left = static_cast<int64_t>(16 * keys.size());
  for (size_t i = 1; i < keys.size(); ++i) {
    const uint64_t key = keys[i];
    size_t at = i;
    for (; at > 0 && keys[at - 1] > key; --at) keys[at] = keys[at - 1];
    keys[at] = key;
    moves_left -= static_cast<int64_t>(i - at);
    if (moves_left < 0) return false;
  }
  return true;
}

// By magnitude, of equals the first first. Two counting passes over the upper bits of the magnitudes leave few that are
// out of order; small rows take smaller digits, since a table is cleared for each row.
void sort(std::vector<uint64_t>& keys, std::vector<uint64_t>& sorted) {
  constexpr size_t kLargest = size_t{1} << 11;
  const int digit = keys.size() <= 8192 ? 10 : 11;
  const int upper = 32 + 31 - digit, lower = upper - digit;
  const uint64_t mask = (uint64_t{1} << digit) - 1;
  std::array<uint32_t, kLargest> lower_starts, upper_starts;
  std::fill_n(lower_starts.begin(), mask + 1, 0);
  std::fill_n(upper_starts.begin(), mask + 1, 0);
  for (const uint64_t key : keys) {
    ++lower_starts[key >> lower & mask];
    ++upper_starts[key >> upper & mask];
  }
  uint32_t lower_start = 0, upper_start = 0;
  for (size_t i = 0; i <= mask; ++i) {
    lower_start += std::exchange(lower_starts[i], lower_start);
    upper_start += std::exchange(upper_starts[i], upper_start);
  }
  for (const uint64_t key : keys) sorted[lower_starts[key >> lower & mask]++] = key;
  for (const uint64_t key : sorted) keys[upper_starts[key >> upper & mask]++] = key;
  if (!finish_by_insertion(keys)) std::ranges::sort(keys);
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
  DropByRank(const TensorMerge& merge, int64_t row) : rescale_(rescale_norm_of(merge) == RescaleNorm::density) {
    for (const auto& input : merge.inputs) {
      Model model{merge.number(input, "density"), {}, nullptr, input.mask};
      if (model.density < 1) model.by_rank = probabilities_by_rank(model.density, merge.number(input, "epsilon"), row);
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
    double density;
    std::vector<float> by_rank;  // of a row
    std::shared_ptr<const RandomDraws> draws;
    std::shared_ptr<const ElementMask> mask;
  };

  static std::vector<float> probabilities_by_rank(double density, double epsilon, int64_t row) {
    const auto least = static_cast<float>(density - epsilon);
    const float last = row > 1 ? static_cast<float>(row - 1) : 1.0f;
    std::vector<float> probabilities;
    for (int64_t rank = 0; rank < row; ++rank)
      probabilities.push_back(least + static_cast<float>(rank) / last * 2 * static_cast<float>(epsilon));
    return probabilities;
  }

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
    for (size_t rank = 0; rank < size; ++rank)
      scratch.probabilities[static_cast<uint32_t>(scratch.keys[rank])] = model.by_rank[rank];
  }

  bool rescale_;
  std::vector<Model> models_;
};

}  // namespace

std::unique_ptr<const Sparsifier> drop_by_rank(const TensorMerge& merge, const MergeInputs& inputs) {
  std::unique_ptr<const Sparsifier> kept = std::make_unique<DropByRank>(merge, inputs.row());
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
