#include "eval/row_chunks.h"

#include <set>

namespace vlrm {
namespace {

// What a batch takes until it is scored: the texts (about), and its images in so far as they are new to `known`.
struct Needs {
  int64_t bytes = 0, encoded_bytes = 0;
};

void add_texts(Needs& needs, const BenchmarkRow& row, const PreparedSample& sample) {
  size_t bytes = row.fields.dump().size();
  for (const std::string& prompt : sample.prompts) bytes += prompt.size();
  for (const SharedPrefixBatch& batch : sample.batches) {
    bytes += batch.prefix.size() * sizeof(int32_t);
    for (const auto& continuation : batch.continuations) bytes += continuation.size() * sizeof(int32_t);
  }
  needs.bytes += static_cast<int64_t>(bytes);
}

void add_images(Needs& needs, const PreparedSample& sample, const Scorer& scorer, std::set<std::string>& known) {
  for (const SharedPrefixBatch& batch : sample.batches)
    for (const auto& image : batch.images) {
      if (!known.insert(image->digest).second) continue;
      needs.bytes += static_cast<int64_t>(image->pixels.size() * sizeof(float));
      needs.encoded_bytes += scorer.encoded_image_bytes(*image);
    }
}

Needs needs_of(const PreparedBatch<Evaluation::Item>& batch, const Scorer& scorer, std::set<std::string>& known) {
  Needs needs;
  for (size_t i = 0; i < batch.items.size(); ++i) {
    add_texts(needs, batch.items[i].row, batch.samples[i]);
    add_images(needs, batch.samples[i], scorer, known);
  }
  return needs;
}

}  // namespace

RowChunks::RowChunks(const Scorer& scorer, const Evaluation& evaluation, int64_t first, const ChunkLimits& limits)
    : scorer_(scorer), evaluation_(evaluation), rows_(evaluation.stream(first)), limits_(limits), next_row_(first) {}

RowChunks::Batch RowChunks::read_batch() const {
  Batch batch = prepared_batch(scorer_, evaluation_.read(*rows_, evaluation_.batch_samples()));
  for (Evaluation::Item& item : batch.items) item.sample = {};  // its images' files are not needed any more
  return batch;
}

RowChunk RowChunks::next() {
  RowChunk chunk;
  chunk.first = next_row_;
  std::set<std::string> known;  // digests of its images
  Needs all;
  for (;;) {
    if (!read_) read_ = read_batch();
    if (read_->items.empty()) break;
    const Needs needs = needs_of(*read_, scorer_, known);
    all.bytes += needs.bytes;
    all.encoded_bytes += needs.encoded_bytes;
    if (chunk.rows > 0 && !limits_.hold(all.encoded_bytes, all.bytes)) break;
    chunk.rows += static_cast<int64_t>(read_->items.size());
    chunk.image_bytes += needs.encoded_bytes;
    chunk.batches.push_back(std::move(*read_));
    read_.reset();
  }
  next_row_ = chunk.end();
  return chunk;
}

}  // namespace vlrm
