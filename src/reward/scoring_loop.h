// Scoring in batches: the next one is read and prepared while one is computed.
#pragma once

#include <functional>
#include <future>
#include <vector>

#include "base/progress.h"
#include "base/resumable_lines.h"
#include "base/threads.h"
#include "reward/scorer.h"

namespace vlrm {

template <class Item>
struct PreparedBatch {
  std::vector<Item> items;
  std::vector<PreparedSample> samples;  // of the items
};

// With all threads. An Item has a `sample` and a `source`. Throws what preparing throws.
template <class Item>
PreparedBatch<Item> prepared_batch(const Scorer& scorer, std::vector<Item> items) {
  PreparedBatch<Item> batch{std::move(items), {}};
  batch.samples.resize(batch.items.size());
  parallel_for(static_cast<int64_t>(batch.items.size()), [&](int64_t i) {
    const Item& item = batch.items[static_cast<size_t>(i)];
    batch.samples[static_cast<size_t>(i)] = scorer.prepare(item.sample, item.source);
  });
  return batch;
}

// `read(count)` gives the next items, fewer at the end. `line(item, prepared, scores)` is appended to `output`, which
// has begun. Throws what reading, preparing and scoring throw; the batches before stay.
template <class Item>
void score_in_batches(
    Scorer& scorer, int64_t batch_size, const std::function<std::vector<Item>(int64_t)>& read,
    const std::function<std::string(const Item&, const PreparedSample&, const std::vector<double>&)>& line,
    ResumableLines& output, Progress& progress) {
  const auto prepare = [&] { return prepared_batch<Item>(scorer, read(batch_size)); };
  auto next = std::async(std::launch::async, prepare);
  for (;;) {
    const PreparedBatch<Item> batch = next.get();
    if (batch.items.empty()) return output.finish();
    next = std::async(std::launch::async, prepare);
    const auto scores = scorer.score(batch.samples);
    std::string text;
    for (size_t i = 0; i < scores.size(); ++i) text += line(batch.items[i], batch.samples[i], scores[i]) + "\n";
    output.append(text);
    progress.advance(static_cast<int64_t>(scores.size()));
  }
}

}  // namespace vlrm
