#include "model/step_attention.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "base/target_clones.h"
#include "model/few_rows.h"
#include "model/parallel_tasks.h"

namespace vlrm {
namespace {

VLRM_TARGET_CLONES float largest(const float* values, int64_t count) {
  float found = values[0];
  for (int64_t i = 1; i < count; ++i) found = values[i] > found ? values[i] : found;
  return found;
}

// e^((x − largest) · scale) in place, within 2 ulp: 2^whole by the exponent's bits, the rest by its Taylor polynomial.
VLRM_TARGET_CLONES void exponentiate(float* values, int64_t count, float top, float scale) {
  constexpr float kRounder = 0x1.8p23f;  // added and subtracted: rounds to a whole number
  for (int64_t i = 0; i < count; ++i) {
    const float x = std::max((values[i] - top) * scale, -87.0f);
    const float whole = (x * 0x1.715476p0f + kRounder) - kRounder;
    const float r = (x - whole * 0x1.62e4p-1f) - whole * 0x1.7f7d1cp-20f;
    const float p = 1 + r * (1 + r * (0.5f + r * (1.0f / 6 + r * (1.0f / 24 + r * (1.0f / 120 + r * (1.0f / 720))))));
    values[i] = p * std::bit_cast<float>((static_cast<int32_t>(whole) + 127) << 23);
  }
}

VLRM_TARGET_CLONES float sum(const float* values, int64_t count) {
  constexpr int64_t kLanes = 16;
  float lanes[kLanes] = {}, total = 0;
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes)
    for (int64_t lane = 0; lane < kLanes; ++lane) lanes[lane] += values[i + lane];
  for (; i < count; ++i) total += values[i];
  for (const float lane : lanes) total += lane;
  return total;
}

VLRM_TARGET_CLONES void multiply(float* values, int64_t count, float factor) {
  for (int64_t i = 0; i < count; ++i) values[i] *= factor;
}

VLRM_TARGET_CLONES void add(float* out, const float* values, int64_t count) {
  for (int64_t i = 0; i < count; ++i) out[i] += values[i];
}

void softmax(float* scores, int64_t count, float scale) {
  exponentiate(scores, count, largest(scores, count), scale);
  multiply(scores, count, 1 / sum(scores, count));
}

int64_t seen(const LayerCache& cache) {
  int64_t count = cache.own.count;
  for (const auto& part : cache.shared) count += part->count;
  return count;
}

// One key/value head of one group. The queries that read it lie together: [texts · heads a group, head size].
class HeadAttention {
 public:
  HeadAttention(const LayerCache& cache, int64_t head, int64_t texts, int64_t group, int64_t size)
      : cache_(cache), head_(head), texts_(texts), group_(group), size_(size), seen_(seen(cache)) {
    queries_.resize(static_cast<size_t>(rows() * size));
    scores_.resize(static_cast<size_t>(rows() * seen_));
    out_.assign(queries_.size(), 0);
    part_.resize(queries_.size());
  }

  // in, out: the first text's `group` heads; from text to text it is `stride`.
  void attend(const float* in, float* out, int64_t stride) {
    const auto block = static_cast<size_t>(group_ * size_);
    for (int64_t text = 0; text < texts_; ++text)
      std::copy_n(in + text * stride, block, queries_.begin() + text * group_ * size_);
    for_each_part([&](const KeysValues& part, int64_t at, int64_t first, int64_t texts, int64_t offset) {
      score(part.keys, at, first, texts, part.count, offset);
    });
    for (int64_t row = 0; row < rows(); ++row)
      softmax(scores_.data() + row * seen_, seen_, 1 / std::sqrt(static_cast<float>(size_)));
    for_each_part([&](const KeysValues& part, int64_t at, int64_t first, int64_t texts, int64_t offset) {
      add_values(part.values, at, first, texts, part.count, offset);
    });
    for (int64_t text = 0; text < texts_; ++text)
      std::copy_n(out_.begin() + text * group_ * size_, block, out + text * stride);
  }

 private:
  int64_t rows() const { return texts_ * group_; }

  // use(part, its matrix, first text, texts, where its tokens begin): what all texts share, then what each has.
  template <class Use>
  void for_each_part(const Use& use) const {
    int64_t offset = 0;
    for (const auto& part : cache_.shared) {
      use(*part, head_, 0, texts_, offset);
      offset += part->count;
    }
    if (cache_.own.count == 0) return;
    const int64_t heads = cache_.own.keys.size(1);
    for (int64_t text = 0; text < texts_; ++text) use(cache_.own, text * heads + head_, text, 1, offset);
  }

  void score(const at::Tensor& keys, int64_t matrix, int64_t first, int64_t texts, int64_t count, int64_t offset) {
    const float* weight = keys.const_data_ptr<float>() + matrix * keys.size(-2) * size_;
    const int64_t row = first * group_;
    multiply_few_rows({queries_.data() + row * size_, size_, texts * group_, size_, weight, size_, Dtype::f32,
                       scores_.data() + row * seen_ + offset, seen_},
                      0, count);
  }

  void add_values(const at::Tensor& values, int64_t matrix, int64_t first, int64_t texts, int64_t count,
                  int64_t offset) {
    const int64_t room = values.size(-1), row = first * group_;
    const float* weight = values.const_data_ptr<float>() + matrix * size_ * room;
    multiply_few_rows({scores_.data() + row * seen_ + offset, seen_, texts * group_, count, weight, room, Dtype::f32,
                       part_.data(), size_},
                      0, size_);
    add(out_.data() + row * size_, part_.data(), texts * group_ * size_);
  }

  const LayerCache& cache_;
  const int64_t head_, texts_, group_, size_, seen_;
  std::vector<float> queries_, scores_, out_, part_;
};

void attend_on_cpu(const at::Tensor& out, const at::Tensor& queries, std::span<const Growing> groups) {
  const int64_t key_value_heads = groups[0].cache->shared[0]->keys.size(0);
  const int64_t heads = queries.size(1), size = queries.size(2), group = heads / key_value_heads;
  std::vector<int64_t> first_rows;
  int64_t row = 0;
  for (const Growing& texts : groups) {
    first_rows.push_back(row);
    row += texts.texts;
  }
  const float* in = queries.const_data_ptr<float>();
  float* result = out.mutable_data_ptr<float>();
  parallel_tasks(static_cast<int64_t>(groups.size()) * key_value_heads, [&](int64_t task) {
    const auto which = static_cast<size_t>(task / key_value_heads);
    const int64_t head = task % key_value_heads, first = first_rows[which] * heads * size + head * group * size;
    HeadAttention(*groups[which].cache, head, groups[which].texts, group, size)
        .attend(in + first, result + first, heads * size);
  });
}

// The same with libtorch's operators: [texts, key/value heads, heads a group, …] throughout.
at::Tensor attend_with_operators(const at::Tensor& queries, const LayerCache& cache) {
  const int64_t texts = queries.size(0), heads = queries.size(1), group = queries.size(2);
  const auto with_shared = [&](const at::Tensor& x, const at::Tensor& matrices) {  // one product a head, for all texts
    return at::matmul(x.transpose(0, 1).reshape({heads, texts * group, x.size(3)}), matrices)
        .view({heads, texts, group, matrices.size(2)})
        .transpose(0, 1);
  };
  std::vector<at::Tensor> scores;
  for (const auto& part : cache.shared)
    scores.push_back(with_shared(queries, part->keys.narrow(1, 0, part->count).transpose(1, 2)));
  if (cache.own.count > 0)
    scores.push_back(at::matmul(queries, cache.own.keys.narrow(2, 0, cache.own.count).transpose(2, 3)));
  const double scale = 1 / std::sqrt(static_cast<double>(queries.size(3)));
  const at::Tensor shares = at::softmax(at::cat(scores, 3).mul_(scale), 3, at::kFloat).to(queries.scalar_type());
  at::Tensor out = at::zeros(queries.sizes(), queries.options());
  int64_t offset = 0;
  for (const auto& part : cache.shared) {
    const at::Tensor values = part->values.narrow(2, 0, part->count).transpose(1, 2);
    out.add_(with_shared(shares.narrow(3, offset, part->count), values));
    offset += part->count;
  }
  if (cache.own.count > 0)
    out.add_(at::matmul(shares.narrow(3, offset, cache.own.count),
                        cache.own.values.narrow(3, 0, cache.own.count).transpose(2, 3)));
  return out;
}

}  // namespace

void attend_to_past(const at::Tensor& out, const at::Tensor& queries, std::span<const Growing> groups) {
  if (!queries.is_cpu()) return attend_to_past_with_operators(out, queries, groups);
  attend_on_cpu(out, queries.contiguous(), groups);
}

void attend_to_past_with_operators(const at::Tensor& out, const at::Tensor& queries, std::span<const Growing> groups) {
  const int64_t heads = queries.size(1), size = queries.size(2), shared = groups[0].cache->shared[0]->keys.size(0);
  int64_t row = 0;
  for (const Growing& group : groups) {
    const at::Tensor rows = queries.narrow(0, row, group.texts).reshape({group.texts, shared, heads / shared, size});
    out.narrow(0, row, group.texts)
        .copy_(attend_with_operators(rows, *group.cache).reshape({group.texts, heads * size}));
    row += group.texts;
  }
}

}  // namespace vlrm
