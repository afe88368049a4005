#include "reward/pooling.h"

#include <algorithm>

#include "architecture/architecture.h"
#include "base/error.h"

namespace vlrm {
namespace {

// Both ways as transformers has them: one ends at the text's begin where all are pad tokens, the other is taken modulo
// the length.
int64_t beside_pads(Pooling pooling, int32_t pad, const std::vector<int32_t>& ids) {
  const auto length = static_cast<int64_t>(ids.size());
  if (pooling == Pooling::last_not_pad) {
    int64_t last = length - 1;
    while (last > 0 && ids[static_cast<size_t>(last)] == pad) --last;
    return last;
  }
  const auto found = std::ranges::find(ids, pad);
  return found == ids.end() ? length - 1 : (found - ids.begin() - 1 + length) % length;
}

}  // namespace

int64_t pooled_token(const ModelConfig& config, const std::vector<int32_t>& ids) {
  const int64_t last = static_cast<int64_t>(ids.size()) - 1;
  if (config.reward_token || !config.pad_token || config.pooling == Pooling::last) return last;
  const Pooling pooling = config.pooling.value_or(config.architecture->pooling);
  const int64_t position = beside_pads(pooling, *config.pad_token, ids);
  if (!config.pooling && position != last)
    fail(
        "a text holds the pad token {}, and whether the head reads around it is not known, since config.json names no "
        "classifier: name a …ForSequenceClassification as its \"architectures\", or call a head that reads the last "
        "token v_head",
        *config.pad_token);
  if (config.other_pad_token && beside_pads(pooling, *config.other_pad_token, ids) != position)
    fail(
        "a text holds a pad token, and config.json has two, \"pad_token_id\" {} and {} in \"text_config\": releases of "
        "transformers differ in which they read; make them one",
        *config.pad_token, *config.other_pad_token);
  return position;
}

}  // namespace vlrm
