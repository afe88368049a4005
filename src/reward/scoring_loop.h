// Scoring in batches: the next one is read and prepared while one is computed.
#pragma once

#include <functional>
#include <future>
#include <vector>

#include "base/listening.h"
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

using BatchScores = std::vector<std::vector<double>>;  // [samples][responses]

// `read(count)` gives the next items, fewer at the end; `add` takes each batch with its scores, in order. Throws what
// these, preparing and scoring throw; the batches before have been added.
template <class Item>
void score_in_batches(Scorer& scorer, int64_t batch_size, const std::function<std::vector<Item>(int64_t)>& read,
                      const std::function<void(const PreparedBatch<Item>&, const BatchScores&)>& add) {
  const auto prepare = with_this_listener([&] { return prepared_batch<Item>(scorer, read(batch_size)); });
  auto next = std::async(std::launch::async, prepare);
  for (;;) {
    const PreparedBatch<Item> batch = next.get();
    if (batch.items.empty()) return;
    next = std::async(std::launch::async, prepare);
    add(batch, scorer.score(batch.samples));
  }
}

}  // namespace vlrm
