#include "model/draw_tokens.h"

#include <ATen/TensorOperators.h>

#include <algorithm>
#include <limits>

#include "base/error.h"
#include "model/index_tensor.h"

namespace vlrm {
namespace {

constexpr double kRemoved = -std::numeric_limits<double>::infinity();

// The tokens of each text, a row each; what fills up a row, or has no logit, is `width`.
at::Tensor tokens_of_texts(std::span<const DrawInput> draws, int64_t width, const at::Device& device) {
  size_t longest = 1;
  for (const DrawInput& draw : draws) longest = std::max(longest, draw.text.size());
  std::vector<int64_t> all;
  for (const DrawInput& draw : draws) {
    for (const int32_t token : draw.text) all.push_back(token < width ? token : width);
    all.resize(all.size() + longest - draw.text.size(), width);
  }
  return index_tensor(all, device).view({static_cast<int64_t>(draws.size()), static_cast<int64_t>(longest)});
}

// A token that a text holds twice gets the same score twice.
at::Tensor penalized(const at::Tensor& logits, double penalty, std::span<const DrawInput> draws) {
  const int64_t width = logits.size(1);
  const at::Tensor scores = at::cat({logits, logits.narrow(1, 0, 1)}, 1);  // with a column for what has no logit
  const at::Tensor tokens = tokens_of_texts(draws, width, logits.device()), held = scores.gather(1, tokens);
  const auto factor = static_cast<float>(penalty);
  return scores.scatter(1, tokens, at::where(held.lt(0), held.mul(factor), held.div(factor))).narrow(1, 0, width);
}

// log Σ e^x of each row: [rows, 1], float64.
at::Tensor log_of_sums(const at::Tensor& exact) {
  const at::Tensor top = exact.amax({1}, true);
  return exact.sub(top).exp_().sum({1}, true).log_().add_(top);
}

// Ties with the last one that is kept stay.
void keep_top_k(const at::Tensor& scores, int64_t count) {
  if (count <= 0 || count >= scores.size(1)) return;
  const at::Tensor least = std::get<0>(scores.topk(count, 1)).narrow(1, count - 1, 1);
  at::Tensor(scores).masked_fill_(scores.lt(least), kRemoved);
}

// From the least likely on, tokens go as long as what has gone sums to no more than 1 − top_p; the most likely stays.
at::Tensor kept_top_p(const at::Tensor& scores, double top_p) {
  if (top_p >= 1) return scores;
  auto [sorted, order] = scores.sort(/*stable=*/std::optional(true), 1, /*descending=*/false);
  const at::Tensor exact = sorted.to(at::kDouble);
  const at::Tensor gone = exact.sub(log_of_sums(exact)).exp_().cumsum(1);
  const at::Tensor goes = gone.le(1 - top_p);
  goes.narrow(1, goes.size(1) - 1, 1).zero_();
  return scores.scatter(1, order, sorted.masked_fill(goes, kRemoved));
}

// The first token up to which the probabilities sum to more than the text's number: [rows, 1].
at::Tensor drawn(const at::Tensor& scores, std::span<const DrawInput> draws) {
  const at::Tensor exact = scores.to(at::kDouble);
  const at::Tensor sums = exact.sub(exact.amax({1}, true)).exp_().cumsum(1);
  const at::Tensor uniform = at::empty({exact.size(0), 1}, at::kDouble);
  for (size_t i = 0; i < draws.size(); ++i)  // below 1 after rounding, too
    uniform.mutable_data_ptr<double>()[i] = std::min(draws[i].uniform, 1 - 0x1p-51);
  const at::Tensor wanted = sums.narrow(1, sums.size(1) - 1, 1).mul(sent_to(scores.device(), uniform));
  return sums.le(wanted).sum({1}, true);
}

at::Tensor chosen(const at::Tensor& logits, const SamplingOptions& options, std::span<const DrawInput> draws) {
  const bool penalizes = options.repetition_penalty != 1;
  at::Tensor scores = penalizes ? penalized(logits, options.repetition_penalty, draws) : logits;
  if (options.temperature == 0) return scores.argmax(1, true);
  scores = scores.to(at::kDouble).div_(options.temperature).to(at::kFloat);
  keep_top_k(scores, options.top_k);
  return drawn(kept_top_p(scores, options.top_p), draws);
}

}  // namespace

std::vector<Drawn> draw_tokens(const at::Tensor& logits, const SamplingOptions& options,
                               std::span<const DrawInput> draws) {
  VLRM_ASSERT(std::ssize(draws) == logits.size(0));
  const c10::InferenceMode no_gradients;
  const at::Tensor tokens = chosen(logits, options, draws), exact = logits.to(at::kDouble);
  const at::Tensor own = exact.gather(1, tokens.clamp_max(logits.size(1) - 1)).sub_(log_of_sums(exact));
  own.add_(exact.amin({1}, true).mul_(0));  // NaN where a logit is −∞, as it is already where one is another of these
  const at::Tensor both = at::cat({tokens.to(at::kDouble), own}, 1).to(at::kCPU);
  std::vector<Drawn> result;
  for (int64_t row = 0; row < both.size(0); ++row) {
    const double* values = both.const_data_ptr<double>() + 2 * row;
    result.push_back({static_cast<int32_t>(values[0]), static_cast<float>(values[1])});
  }
  return result;
}

}  // namespace vlrm
