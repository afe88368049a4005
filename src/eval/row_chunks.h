// Rows of a benchmark, prepared, as many at a time as a memory limit allows.
#pragma once

#include <memory>
#include <optional>

#include "eval/evaluation.h"

namespace vlrm {

struct RowChunk {
  int64_t first = 0, rows = 0;
  std::vector<PreparedBatch<Evaluation::Item>> batches;
  int64_t image_bytes = 0;  // of its images, once encoded
  int64_t end() const { return first + rows; }
};

// Bytes for what a chunk keeps: its encoded images, and twice what waits to be scored, tiles and texts, as the next
// chunk is read while this one is scored. With `host`, these two are in memories of their own.
struct ChunkLimits {
  int64_t memory = 0;
  std::optional<int64_t> host;

  bool hold(int64_t encoded, int64_t waiting) const {
    return host ? encoded <= memory && 2 * waiting <= *host : encoded + 2 * waiting <= memory;
  }
};

class RowChunks {
 public:
  // From row `first` on, read as `evaluation` reads them. A chunk is whole batches, at least one, and more only where
  // the limits hold them. Scorer and evaluation must outlive this.
  RowChunks(const Scorer& scorer, const Evaluation& evaluation, int64_t first, const ChunkLimits& limits);

  // Without rows after the last. Throws what reading and preparing throw.
  RowChunk next();

 private:
  using Batch = PreparedBatch<Evaluation::Item>;
  Batch read_batch() const;

  const Scorer& scorer_;
  const Evaluation& evaluation_;
  const std::unique_ptr<BenchmarkStream> rows_;
  const ChunkLimits limits_;
  int64_t next_row_;
  std::optional<Batch> read_;  // what did not fit in the chunk before
};

}  // namespace vlrm
