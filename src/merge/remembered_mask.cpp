#include "merge/remembered_mask.h"

#include <algorithm>
#include <atomic>
#include <vector>

#include "base/target_clones.h"

namespace vlrm {
namespace {

// Word w of a group holds elements w, w + kWords, w + 2·kWords, …: so that words lie beside each other as elements do.
constexpr int64_t kWords = kRememberedGroup / 32;

VLRM_TARGET_CLONES void pack(const uint32_t* __restrict kept, uint32_t* __restrict bits) {
  for (int64_t word = 0; word < kWords; ++word) bits[word] = 0;
  for (int64_t bit = 0; bit < 32; ++bit)
    for (int64_t word = 0; word < kWords; ++word) bits[word] |= kept[bit * kWords + word] & (1u << bit);
}

VLRM_TARGET_CLONES void unpack(const uint32_t* __restrict bits, uint32_t* __restrict kept) {
  for (int64_t bit = 0; bit < 32; ++bit)
    for (int64_t word = 0; word < kWords; ++word) kept[bit * kWords + word] = 0u - (bits[word] >> bit & 1u);
}

class RememberedMask final : public ElementMask {
 public:
  RememberedMask(std::shared_ptr<const ElementMask> mask, int64_t groups)
      : mask_(std::move(mask)),
        states_(static_cast<size_t>(groups)),
        bits_(std::make_unique_for_overwrite<uint32_t[]>(static_cast<size_t>(groups * kWords))) {}

  void read(int64_t first, std::span<uint32_t> kept) const override {
    const int64_t group = first / kRememberedGroup;
    const bool whole = first % kRememberedGroup == 0 && std::ssize(kept) == kRememberedGroup;
    if (!whole || group >= std::ssize(states_)) return mask_->read(first, kept);
    std::atomic<State>& state = states_[static_cast<size_t>(group)];
    uint32_t* const bits = bits_.get() + group * kWords;
    if (state.load(std::memory_order_acquire) == State::remembered) return unpack(bits, kept.data());
    mask_->read(first, kept);
    State unknown = State::unknown;
    if (!state.compare_exchange_strong(unknown, State::packing)) return;
    pack(kept.data(), bits);
    state.store(State::remembered, std::memory_order_release);
  }

 private:
  enum class State : uint8_t { unknown, packing, remembered };
  const std::shared_ptr<const ElementMask> mask_;
  mutable std::vector<std::atomic<State>> states_;  // of each group
  const std::unique_ptr<uint32_t[]> bits_;
};

}  // namespace

std::unique_ptr<ElementMask> remembered(std::shared_ptr<const ElementMask> mask, int64_t elements, int64_t most) {
  const int64_t groups = std::min(elements / kRememberedGroup, most / (kRememberedGroup / 8));
  return std::make_unique<RememberedMask>(std::move(mask), groups);
}

}  // namespace vlrm
