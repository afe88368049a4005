// How a batch's texts and images meet in attention, for all layers of a pass on a device.
#pragma once

#include <span>

#include "model/ragged_batch.h"
#include "model/runs.h"

namespace vlrm {

// Of an image's features in the batch: how many, and how many of these, which come first, exist.
struct ImageRows {
  int64_t rows = 0, existing = 0;
};

struct BatchRuns {
  Runs texts;           // of all rows, each seeing its text so far
  at::Tensor key_rows;  // int64: the rows whose keys `texts` speaks of; undefined: all, as they lie

  // For layers that look at images; undefined without images. The keys are those of all images, one behind the other.
  Runs sights;              // of all rows
  at::Tensor sighted_rows;  // int64: the keys that `sights` speaks of; undefined: all, as they lie
  at::Tensor seeing;        // int64: the rows that see an image before them; undefined: all do

  static BatchRuns of(const RaggedBatch& batch, std::span<const ImageRows> images, const at::Device& device);
};

}  // namespace vlrm
