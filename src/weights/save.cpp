#include "weights/save.h"

#include <algorithm>
#include <chrono>
#include <mutex>

#include "base/error.h"
#include "base/threads.h"
#include "weights/chunks.h"
#include "weights/output_file.h"
#include "weights/safetensors.h"
#include "weights/shards.h"

namespace vlrm {
namespace {

// Tensors are opened here, outside parallel_for, because opening may itself be work for all threads. Small ones are
// opened together until there are chunks enough to keep the threads busy.
constexpr int64_t kBatchChunks = 16;
// Elements computed by a thread and written by one call: a disk is slower with less.
constexpr int64_t kSaveElements = 32 * kChunkElements;

struct OpenTensor {
  std::unique_ptr<TensorReader> reader;
  int64_t offset = 0;       // of its bytes in the file
  int64_t first_chunk = 0;  // number of its first chunk within the batch
};

class Batch {
 public:
  explicit Batch(NotFinite& not_finite) : not_finite_(not_finite) {}
  void add(std::unique_ptr<TensorReader> reader, int64_t offset) {
    const int64_t chunks = (reader->info().elements() + kSaveElements - 1) / kSaveElements;
    tensors_.push_back({std::move(reader), offset, chunks_});
    chunks_ += chunks;
  }
  bool full() const { return chunks_ >= kBatchChunks; }

  // Computes all chunks, each once, gives each to sink(offset in the file, bytes), and empties the batch.
  template <class Sink>
  void run(const Sink& sink, Progress* progress) {
    parallel_for(chunks_, [&](int64_t index) {
      const OpenTensor& tensor = holder_of(index);
      const TensorInfo& info = tensor.reader->info();
      const int64_t first = (index - tensor.first_chunk) * kSaveElements;
      const int64_t count = std::min(kSaveElements, info.elements() - first);
      const int64_t size = size_of(info.dtype), offset = tensor.offset + first * size;
      thread_local WriteBuffer buffer;
      const std::span<std::byte> bytes = buffer.prepare(offset, count * size);
      tensor.reader->read(first, count, bytes.data());
      if (const int64_t found = count_not_finite(info.dtype, bytes); found > 0) {
        const std::lock_guard lock(not_finite_mutex_);
        not_finite_[info.name] += found;
      }
      sink(offset, std::span<const std::byte>(bytes));
      if (progress != nullptr) progress->advance(count * size);
    });
    tensors_.clear();
    chunks_ = 0;
  }

 private:
  const OpenTensor& holder_of(int64_t chunk) const {
    const auto next = std::ranges::upper_bound(tensors_, chunk, {}, &OpenTensor::first_chunk);
    return *std::prev(next);
  }

  std::vector<OpenTensor> tensors_;
  int64_t chunks_ = 0;
  std::mutex not_finite_mutex_;
  NotFinite& not_finite_;
};

// One file of a checkpoint that is being saved.
class ShardWriter {
 public:
  ShardWriter(const Checkpoint& checkpoint, const SaveOptions& options, NotFinite& not_finite, Progress* progress)
      : checkpoint_(checkpoint), options_(options), not_finite_(not_finite), progress_(progress), batch_(not_finite) {}

  void write(const Shard& shard, const std::filesystem::path& path) {
    const SafetensorsLayout layout = lay_out_safetensors(shard.tensors, options_.metadata);
    const bool goes_on = options_.journal != nullptr && !options_.journal->empty();
    OutputFile file(path, layout.file_size, goes_on ? OutputFile::Contents::kept : OutputFile::Contents::none);
    file.write_or_throw(0, std::as_bytes(std::span(layout.header)));
    for (size_t i = 0; i < shard.tensors.size(); ++i) {
      const TensorInfo& tensor = shard.tensors[i];
      if (skip_done(tensor)) continue;
      batch_.add(checkpoint_.open(tensor.name), layout.offsets[i]);
      pending_.push_back({tensor.name});
      if (batch_.full()) run(file, false);
    }
    run(file, true);
    file.close_or_throw();
  }

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds kBetweenFlushes{2};

  // It is opened all the same: so its inputs are known to have taken part.
  bool skip_done(const TensorInfo& tensor) {
    const SaveJournal::Tensor* done = options_.journal == nullptr ? nullptr : options_.journal->find(tensor.name);
    if (done == nullptr) return false;
    checkpoint_.open(tensor.name);
    if (done->not_finite > 0) not_finite_[tensor.name] = done->not_finite;
    if (progress_ != nullptr) progress_->advance(tensor.bytes());
    return true;
  }

  void run(OutputFile& file, bool last) {
    batch_.run([&](int64_t offset, std::span<const std::byte> bytes) { file.write_or_throw(offset, bytes); },
               progress_);
    if (options_.journal == nullptr || pending_.empty() || (!last && Clock::now() - flushed_ < kBetweenFlushes)) return;
    file.flush_or_throw();
    for (SaveJournal::Tensor& tensor : pending_)
      if (const auto found = not_finite_.find(tensor.name); found != not_finite_.end())
        tensor.not_finite = found->second;
    options_.journal->add(pending_);
    pending_.clear();
    flushed_ = Clock::now();
  }

  const Checkpoint& checkpoint_;
  const SaveOptions& options_;
  NotFinite& not_finite_;
  Progress* progress_;
  Batch batch_;
  std::vector<SaveJournal::Tensor> pending_;  // written, and perhaps not on the disk yet
  Clock::time_point flushed_ = Clock::now();
};

}  // namespace

NotFinite save_checkpoint(const Checkpoint& checkpoint, const std::filesystem::path& directory,
                          const SaveOptions& options, Progress* progress) {
  NotFinite not_finite;
  const std::vector<Shard> shards = plan_shards(checkpoint.tensors(), options.max_shard_bytes);
  ShardWriter writer(checkpoint, options, not_finite, progress);
  for (const Shard& shard : shards) writer.write(shard, directory / shard.file_name);
  if (shards.size() == 1) return not_finite;
  const std::string index = index_json(shards);
  OutputFile file(directory / "model.safetensors.index.json", static_cast<int64_t>(index.size()));
  file.write_or_throw(0, std::as_bytes(std::span(index)));
  file.close_or_throw();
  return not_finite;
}

NotFinite discard_checkpoint(const Checkpoint& checkpoint, Progress* progress) {
  NotFinite not_finite;
  const auto nowhere = [](int64_t, std::span<const std::byte>) {};
  Batch batch(not_finite);
  for (const TensorInfo& tensor : checkpoint.tensors()) {
    batch.add(checkpoint.open(tensor.name), 0);
    if (batch.full()) batch.run(nowhere, progress);
  }
  batch.run(nowhere, progress);
  return not_finite;
}

}  // namespace vlrm
