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

// `read(count)` gives the next items, fewer at the end; an Item has a `sample` and a `source`. `line(item, prepared,
// scores)` is appended to `output`, which has begun. Throws what reading, preparing and scoring throw; the batches
// before stay.
template <class Item>
void score_in_batches(Scorer& scorer, int64_t batch_size, const std::function<std::vector<Item>(int64_t)>& read,
                      const std::function<std::string(const Item&, const PreparedSample&, const std::vector<double>&)>& line,
                      const ResumableLines& output, Progress& progress) {
  struct Batch {
    std::vector<Item> items;
    std::vector<PreparedSample> prepared;
  };
  const auto prepare = [&] {
    Batch batch{read(batch_size), {}};
    batch.prepared.resize(batch.items.size());
    parallel_for(static_cast<int64_t>(batch.items.size()), [&](int64_t i) {
      const Item& item = batch.items[static_cast<size_t>(i)];
      batch.prepared[static_cast<size_t>(i)] = scorer.prepare(item.sample, item.source);
    });
    return batch;
  };
  auto next = std::async(std::launch::async, prepare);
  for (;;) {
    const Batch batch = next.get();
    if (batch.items.empty()) return output.finish();
    next = std::async(std::launch::async, prepare);
    const auto scores = scorer.score(batch.prepared);
    std::string text;
    for (size_t i = 0; i < scores.size(); ++i) text += line(batch.items[i], batch.prepared[i], scores[i]) + "\n";
    output.append(text);
    progress.advance(static_cast<int64_t>(scores.size()));
  }
}

}  // namespace vlrm
