#include "eval/sweep.h"

#include <algorithm>
#include <future>

#include "base/error.h"
#include "base/listening.h"
#include "base/progress.h"
#include "eval/next_merge.h"

namespace vlrm {

Sweep::Sweep(std::shared_ptr<const Benchmark> benchmark, std::vector<SweepRecipe> recipes)
    : benchmark_(std::move(benchmark)), parents_(recipes.at(0).options.output) {
  const OrderedJson description = benchmark_->description();
  std::vector<const Evaluation*> evaluations;
  for (SweepRecipe& recipe : recipes) {
    auto evaluation = std::make_unique<Evaluation>(benchmark_, description, std::move(recipe.options));
    evaluations.push_back(evaluation.get());
    parts_.push_back({std::move(recipe.name), std::move(evaluation), std::nullopt});
  }
  Evaluation::check_rows(evaluations);
  for (size_t i = 0; i < parts_.size(); ++i)
    if (!parts_[i].evaluation->finished()) parts_[i].model = recipes[i].plan();
}

int64_t Sweep::done() const {
  int64_t rows = 0;
  for (const Part& part : parts_) rows += part.evaluation->done();
  return rows;
}

int64_t Sweep::total() const {
  return benchmark_->rows() * static_cast<int64_t>(parts_.size());
}

// The scoring of what is not done: a model at a time is loaded.
class Sweep::Run {
 public:
  Run(Sweep& sweep, const LoadScorer& load, std::optional<int64_t> memory_limit)
      : progress_("sweep", sweep.total() - sweep.done(), Progress::Unit::samples) {
    for (Part& part : sweep.parts_) {
      if (part.evaluation->finished()) continue;
      part.evaluation->begin();
      order_.push_back(&part);
    }
    std::ranges::stable_sort(order_, {}, [](const Part* part) { return part->evaluation->done(); });
    say_loaded(order_.front());
    scorer_ = load(*order_.front()->model);
    limits_.memory = memory_limit.value_or(scorer_->spare_memory() / 2);
    if (const auto host = scorer_->spare_host_memory()) {
      limits_.host = *host / 2;
      merges_ahead_ = !scorer_->streamed() && NextMerge::bytes(*order_.front()->model) <= *host / 4;
    }
  }

  // The next chunk is read while one is scored.
  Work score() {
    const Evaluation& least = *order_.front()->evaluation;
    RowChunks chunks(*scorer_, least, least.done(), limits_);
    const auto read = with_this_listener([&] { return chunks.next(); });
    auto next = std::async(std::launch::async, read);
    for (;;) {
      const RowChunk chunk = next.get();
      if (chunk.rows == 0) break;
      next = std::async(std::launch::async, read);
      score(chunk);
    }
    work_.images_encoded = scorer_->work().images_encoded;
    work_.merged_ahead = next_.used();
    return work_;
  }

 private:
  void score(const RowChunk& chunk) {
    ++work_.chunks;
    // No more than the limit even where one batch is larger: its images are then encoded again for each recipe.
    scorer_->keep_images(std::min(chunk.image_bytes, limits_.memory));
    std::vector<Part*> left;
    for (Part* part : order_)
      if (part->evaluation->done() < chunk.end()) left.push_back(part);
    for (size_t i = 0; i < left.size(); ++i) {
      try {
        load(left[i]);
        if (merges_ahead_ && i + 1 < left.size()) next_.begin(*left[i + 1]->model);
        score(chunk, *left[i]->evaluation);
      } catch (const Error& error) {
        rethrow_at(left[i]->name, error);
      }
    }
    // There and back, so that the model that is loaded is the one that the next chunk begins with.
    std::ranges::reverse(order_);
  }

  void score(const RowChunk& chunk, Evaluation& evaluation) {
    int64_t row = chunk.first;
    for (const auto& batch : chunk.batches) {
      const auto rows = static_cast<int64_t>(batch.items.size());
      if (row >= evaluation.done()) {
        evaluation.add(batch, scorer_->score(batch.samples));
        progress_.advance(rows);
      }
      row += rows;
    }
  }

  void load(Part* part) {
    if (loaded_ == part) return;
    say_loaded(part);
    scorer_->replace_language_weights(next_.weights(*part->model));
  }

  void say_loaded(Part* part) {
    ++work_.models_merged;
    loaded_ = part;
    progress_.set_detail(part->name);
  }

  Progress progress_;
  std::vector<Part*> order_;
  Part* loaded_ = nullptr;
  bool merges_ahead_ = false;
  NextMerge next_;
  std::unique_ptr<Scorer> scorer_;
  ChunkLimits limits_;
  Work work_;
};

Sweep::Work Sweep::score(const LoadScorer& load, std::optional<int64_t> memory_limit) {
  return finished() ? Work() : Run(*this, load, memory_limit).score();
}

}  // namespace vlrm
