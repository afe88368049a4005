// Texts that must not share their beginnings: under a dynamic rope, a text beyond the model's context turns all of its
// tokens by its own length.
#pragma once

#include <span>
#include <vector>

#include "architecture/config.h"
#include "model/backend.h"

namespace vlrm {

// Whether texts of a batch share a beginning that each would turn in its own way.
bool shares_wrongly(const TextConfig& config, const SharedPrefixBatch& batch);

// The same texts with a position in each, every text of such batches as a batch of its own, cut into
// prefix and continuation where it was.
class Unshared {
 public:
  Unshared(const TextConfig& config, std::span<const SharedPrefixBatch> batches,
           const std::vector<std::vector<int64_t>>& positions);

  const std::vector<SharedPrefixBatch>& batches() const { return batches_; }
  const std::vector<std::vector<int64_t>>& positions() const { return positions_; }

  // What there is of each text, as the batches given had them.
  template <class Value>
  std::vector<std::vector<Value>> regrouped(const std::vector<std::vector<Value>>& each) const {
    std::vector<std::vector<Value>> result(count_);
    for (size_t i = 0; i < each.size(); ++i) {
      std::vector<Value>& batch = result[origins_[i]];
      batch.insert(batch.end(), each[i].begin(), each[i].end());
    }
    return result;
  }

 private:
  size_t count_;
  std::vector<SharedPrefixBatch> batches_;
  std::vector<std::vector<int64_t>> positions_;
  std::vector<size_t> origins_;  // batches_[i] is of the batch with this index
};

}  // namespace vlrm
