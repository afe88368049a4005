#include "model/batch_runs.h"

#include <algorithm>

#include "model/index_tensor.h"

namespace vlrm {
namespace {

void add_rows(std::vector<int64_t>& rows, const Segment& segment) {
  for (int64_t row = segment.first; row < segment.end(); ++row) rows.push_back(row);
}

// A prefix and its only continuation lie together: they are one run. Where there are several, keys are repeated.
void add_texts(BatchRuns& result, const RaggedBatch& batch, const at::Device& device) {
  const bool together =
      std::ranges::all_of(batch.groups, [](const PrefixGroup& group) { return group.continuations.size() <= 1; });
  std::vector<Run> runs;
  std::vector<int64_t> rows;
  const auto add = [&](const Segment& queries, const Segment* prefix) {
    const auto first = static_cast<int64_t>(rows.size());
    if (prefix) add_rows(rows, *prefix);
    add_rows(rows, queries);
    if (queries.length > 0) runs.push_back({queries.length, first, static_cast<int64_t>(rows.size()) - first});
  };
  for (const PrefixGroup& group : batch.groups) {
    if (together) {
      runs.push_back({group.rows.length, group.rows.first, group.rows.length});
      continue;
    }
    add(group.prefix, nullptr);
    for (const Segment& continuation : group.continuations) add(continuation, &group.prefix);
  }
  result.texts = Runs::of(runs, device);
  if (!together) result.key_rows = index_tensor(rows, device);
}

// Where keys of several images are seen that do not lie together, those of all sights are gathered.
void add_sights(BatchRuns& result, const RaggedBatch& batch, std::span<const ImageRows> images,
                const at::Device& device) {
  std::vector<int64_t> firsts{0}, rows, seeing;
  for (const ImageRows& image : images) firsts.push_back(firsts.back() + image.rows);
  std::vector<Run> in_place, gathered;
  bool lie_together = true;
  for (const PrefixGroup& group : batch.groups) {
    if (group.images.empty()) {
      in_place.push_back({group.rows.length, 0, 0});
      gathered.push_back(in_place.back());
    }
    for (const Sight& sight : group.sights) {
      const auto first = static_cast<int64_t>(rows.size());
      for (const int64_t index : sight.images) {
        const auto at = static_cast<size_t>(index);
        add_rows(rows, {firsts[at], sight.everything ? images[at].rows : images[at].existing});
      }
      const int64_t count = static_cast<int64_t>(rows.size()) - first, begin = rows[static_cast<size_t>(first)];
      lie_together = lie_together && rows.back() == begin + count - 1 && std::ranges::is_sorted(sight.images);
      in_place.push_back({sight.rows.length, begin, count});
      gathered.push_back({sight.rows.length, first, count});
      if (!sight.everything) add_rows(seeing, sight.rows);
    }
  }
  result.sights = Runs::of(lie_together ? in_place : gathered, device);
  if (!lie_together) result.sighted_rows = index_tensor(rows, device);
  if (seeing.size() < batch.tokens.size()) result.seeing = index_tensor(seeing, device);
}

}  // namespace

BatchRuns BatchRuns::of(const RaggedBatch& batch, std::span<const ImageRows> images, const at::Device& device) {
  BatchRuns result;
  add_texts(result, batch, device);
  if (!images.empty()) add_sights(result, batch, images, device);
  return result;
}

}  // namespace vlrm
