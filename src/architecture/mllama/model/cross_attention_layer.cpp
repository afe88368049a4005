#include "architecture/mllama/model/cross_attention_layer.h"

#include <algorithm>
#include <cmath>

#include "model/attention.h"
#include "model/projection.h"
#include "model/rms_norm.h"

namespace vlrm {
namespace {

bool sees_images(const Growing& group) {
  return !group.cache->shared.empty();
}

bool has_images(const PrefixGroup& group) {
  return !group.images.empty();
}

}  // namespace

CrossAttentionLayer::CrossAttentionLayer(const WeightReader& reader, const TextConfig& config,
                                         const std::string& prefix)
    : config_(config),
      norm_(reader.vector(prefix + "input_layernorm.weight", {config.hidden_size})),
      queries_(reader.matrix(prefix + "cross_attn.q_proj.weight", config.attention_heads * config.head_size,
                             config.hidden_size)),
      keys_values_(reader.matrix({{prefix + "cross_attn.k_proj.weight", config.key_value_heads * config.head_size},
                                  {prefix + "cross_attn.v_proj.weight", config.key_value_heads * config.head_size}},
                                 config.hidden_size)),
      output_(reader.matrix(prefix + "cross_attn.o_proj.weight", config.hidden_size,
                            config.attention_heads * config.head_size)),
      query_norm_(reader.vector(prefix + "cross_attn.q_norm.weight", {config.head_size})),
      key_norm_(reader.vector(prefix + "cross_attn.k_norm.weight", {config.head_size})),
      attention_gate_(std::tanh(reader.scalar(prefix + "cross_attn_attn_gate"))),
      feed_forward_gate_(std::tanh(reader.scalar(prefix + "cross_attn_mlp_gate"))),
      feed_forward_(reader, config, prefix) {}

// The keys and values of a batch's images: computed when the first group asks for them, dropped after the last one.
class CrossAttentionLayer::Images {
 public:
  Images(const CrossAttentionLayer& layer, const LayerInput& input)
      : layer_(layer),
        features_(input.images),
        ready_(features_.size()),
        kept_(features_.size()),
        uses_(features_.size()) {
    for (const PrefixGroup& group : input.batch.groups)
      for (const int64_t index : group.images) ++uses_[static_cast<size_t>(index)];
  }

  void begin(const PrefixGroup& group) {
    for (const int64_t image : group.images) {
      const auto at = static_cast<size_t>(image);
      if (!ready_[at].keys.defined()) ready_[at] = layer_.keys_values(features_[at]);
    }
  }

  void end(const PrefixGroup& group) {
    for (const int64_t image : group.images)
      if (--uses_[static_cast<size_t>(image)] == 0) ready_[static_cast<size_t>(image)] = {};
  }

  // What the rows of a sight attend to. Nothing is copied where they see a single image.
  ImageKeysValues seen_by(const Sight& sight) const {
    std::vector<at::Tensor> keys, values;
    for (const int64_t index : sight.images) {
      const ImageKeysValues& image = ready_[static_cast<size_t>(index)];
      const int64_t rows = sight.everything ? image.keys.size(0) : image.existing;
      keys.push_back(image.keys.narrow(0, 0, rows));
      values.push_back(image.values.narrow(0, 0, rows));
    }
    if (keys.size() == 1) return {keys[0], values[0], 0};
    return {at::cat(keys), at::cat(values), 0};
  }

  // For texts that go on from the end of the group's prefix.
  void keep_for(const PrefixGroup& group, LayerCache& cache) {
    for (const int64_t image : group.sights.back().images) {
      const auto at = static_cast<size_t>(image);
      if (!kept_[at]) kept_[at] = std::make_shared<KeysValues>(ready_[at].of_existing());
      cache.shared.push_back(kept_[at]);
    }
  }

 private:
  const CrossAttentionLayer& layer_;
  const std::vector<ImageFeatures>& features_;
  std::vector<ImageKeysValues> ready_;
  std::vector<std::shared_ptr<const KeysValues>> kept_;
  std::vector<int64_t> uses_;
};

ImageKeysValues CrossAttentionLayer::keys_values(const ImageFeatures& image) const {
  const int64_t shared = config_.key_value_heads;
  const at::Tensor both =
      project(image.features, keys_values_).view({image.features.size(0), 2 * shared, config_.head_size});
  return {rms_norm(both.narrow(1, 0, shared), key_norm_, config_.rms_norm_eps), both.narrow(1, shared, shared),
          image.existing};
}

at::Tensor CrossAttentionLayer::queries(const at::Tensor& hidden, const Rows& rows) const {
  const at::Tensor projected = project(rms_norm(hidden, norm_, config_.rms_norm_eps), queries_, rows);
  return rms_norm(projected.view({hidden.size(0), config_.attention_heads, config_.head_size}), query_norm_,
                  config_.rms_norm_eps);
}

void CrossAttentionLayer::forward(const at::Tensor& hidden, const LayerInput& input,
                                  std::span<LayerCache* const> caches) const {
  if (input.runs) return forward_runs(hidden, input);
  Images images(*this, input);
  for (const Cut& cut : input.batch.cuts) {
    const auto groups = input.batch.groups_of(cut);
    if (std::ranges::none_of(groups, has_images)) continue;
    input.before_work();
    for (const PrefixGroup& group : groups) images.begin(group);
    forward_cut(hidden.narrow(0, cut.rows.first, cut.rows.length), cut, groups, images);
    for (size_t g = 0; g < groups.size(); ++g) {
      if (!caches.empty() && has_images(groups[g])) images.keep_for(groups[g], *caches[cut.first + g]);
      images.end(groups[g]);
    }
  }
}

void CrossAttentionLayer::forward_cut(const at::Tensor& hidden, const Cut& cut, std::span<const PrefixGroup> groups,
                                      const Images& images) const {
  const at::Tensor all = queries(hidden, rows_of(cut)), attended = at::empty_like(all).flatten(1);
  const auto rows = [&](const at::Tensor& x, const Segment& segment) {
    return x.narrow(0, segment.first - cut.rows.first, segment.length);
  };
  for (const PrefixGroup& group : groups) {
    if (!has_images(group)) rows(attended, group.rows).zero_();
    for (const Sight& sight : group.sights) {
      const ImageKeysValues seen = images.seen_by(sight);
      attend_all(rows(attended, sight.rows), {rows(all, sight.rows), seen.keys, seen.values});
    }
  }
  add_projection(hidden, attended, output_, attention_gate_, rows_of(cut));
  for (const PrefixGroup& group : groups) {
    Segment sighted{group.rows.end(), 0};
    std::vector<int64_t> lengths;
    for (const Sight& sight : group.sights) {
      if (sight.everything) continue;
      sighted.first = std::min(sighted.first, sight.rows.first);
      sighted.length += sight.rows.length;
      lengths.push_back(sight.rows.length);
    }
    feed_forward_.add_to(rows(hidden, sighted), feed_forward_gate_,
                         cut.calls.empty() ? Rows::together() : Rows::pieces(lengths));
  }
}

// Of all images, one behind the other: [rows, 2 · key/value heads, head size], the keys first.
at::Tensor CrossAttentionLayer::keys_and_values(const std::vector<ImageFeatures>& images) const {
  const int64_t shared = config_.key_value_heads;
  int64_t rows = 0, first = 0;
  for (const ImageFeatures& image : images) rows += image.features.size(0);
  at::Tensor both = at::empty({rows, 2 * shared, config_.head_size}, keys_values_.options());
  for (const ImageFeatures& image : images) {
    at::Tensor out = both.narrow(0, first, image.features.size(0)).flatten(1);
    at::mm_out(out, image.features, keys_values_.t());
    first += image.features.size(0);
  }
  const at::Tensor keys = both.narrow(1, 0, shared);
  keys.copy_(rms_norm(keys, key_norm_, config_.rms_norm_eps));
  return both;
}

// All groups at once; rows without an image before them are left out of the feed-forward part.
void CrossAttentionLayer::forward_runs(const at::Tensor& hidden, const LayerInput& input) const {
  input.before_work();
  const int64_t shared = config_.key_value_heads;
  at::Tensor both = keys_and_values(input.images);
  if (input.pages && input.pages->images.places.defined()) store(input.pages->pool, input.pages->images, both);
  const BatchRuns& runs = *input.runs;
  if (runs.sighted_rows.defined()) both = both.index_select(0, runs.sighted_rows);
  const AttentionInput attention{queries(hidden, Rows::together()), both.narrow(1, 0, shared),
                                 both.narrow(1, shared, shared)};
  add_projection(hidden, attend_runs(attention, runs.sights, /*causal=*/false), output_, attention_gate_);
  if (!runs.seeing.defined()) return feed_forward_.add_to(hidden, feed_forward_gate_);
  const at::Tensor seeing = hidden.index_select(0, runs.seeing);
  feed_forward_.add_to(seeing, feed_forward_gate_);
  at::Tensor(hidden).index_copy_(0, runs.seeing, seeing);
}

// Groups that see images and groups that see none may be mixed; the latter are left as they are.
void CrossAttentionLayer::step(const at::Tensor& hidden, const Rope::Angles&, std::span<const Growing> groups) const {
  int64_t row = 0;
  for (auto first = groups.begin(); first != groups.end();) {
    const auto end = std::find_if(first, groups.end(),
                                  [&](const Growing& group) { return sees_images(group) != sees_images(*first); });
    int64_t rows = 0;
    for (auto group = first; group != end; ++group) rows += group->texts;
    if (sees_images(*first)) step_seeing(hidden.narrow(0, row, rows), {first, end});
    row += rows;
    first = end;
  }
}

void CrossAttentionLayer::step_seeing(const at::Tensor& hidden, std::span<const Growing> groups) const {
  const at::Tensor all = queries(hidden, Rows::apart()), attended = at::empty_like(all).flatten(1);
  attend_to_past(attended, all, groups);
  add_projection(hidden, attended, output_, attention_gate_, Rows::apart());
  feed_forward_.add_to(hidden, feed_forward_gate_, Rows::apart());
}

// Texts that see no image are left as they are.
void CrossAttentionLayer::step(const at::Tensor& hidden, const PagedStep& step) const {
  const at::Tensor seeing = step.seeing.defined() ? hidden.index_select(0, step.seeing) : hidden;
  const at::Tensor attended = attend_pages(queries(seeing, Rows::together()), step.pool, step.images, step.image_pages);
  add_projection(seeing, attended, output_, attention_gate_);
  feed_forward_.add_to(seeing, feed_forward_gate_);
  if (step.seeing.defined()) at::Tensor(hidden).index_copy_(0, step.seeing, seeing);
}

}  // namespace vlrm
