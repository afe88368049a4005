#include "weights/save.h"

#include <algorithm>
#include <chrono>
#include <future>
#include <mutex>
#include <utility>

#include "base/error.h"
#include "base/pool.h"
#include "base/threads.h"
#include "weights/background_writer.h"
#include "weights/chunks.h"
#include "weights/output_file.h"
#include "weights/safetensors.h"
#include "weights/shards.h"

namespace vlrm {
namespace {

// Tensors are opened here, outside parallel_for, because opening may itself be work for all threads. Small ones are
// opened together until there are chunks enough to keep the threads busy.
constexpr int64_t kBatchChunks = 32;

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

  // Computes all chunks, each once, gives each to sink.write(offset in the file, bytes, the buffer that they are in),
  // and empties the batch.
  template <class Sink>
  void run(Sink& sink, Progress* progress) {
    const auto task = [&](int64_t index) {
      const OpenTensor& tensor = holder_of(index);
      const TensorInfo& info = tensor.reader->info();
      const int64_t first = (index - tensor.first_chunk) * kSaveElements;
      const int64_t count = std::min(kSaveElements, info.elements() - first);
      const int64_t size = size_of(info.dtype), offset = tensor.offset + first * size;
      std::unique_ptr<WriteBuffer> buffer = sink.take_buffer();
      const std::span<std::byte> bytes = buffer->prepare(offset, count * size);
      compute(*tensor.reader, first, bytes);
      sink.write(offset, bytes, std::move(buffer));
      if (progress != nullptr) progress->advance(count * size);
    };
    parallel_for(chunks_, task);
    tensors_.clear();
    chunks_ = 0;
  }

 private:
  const OpenTensor& holder_of(int64_t chunk) const {
    const auto next = std::ranges::upper_bound(tensors_, chunk, {}, &OpenTensor::first_chunk);
    return *std::prev(next);
  }

  void compute(const TensorReader& reader, int64_t first, std::span<std::byte> bytes) {
    const TensorInfo& info = reader.info();
    reader.read(first, std::ssize(bytes) / size_of(info.dtype), bytes.data());
    if (const int64_t found = count_not_finite(info.dtype, bytes); found > 0) {
      const std::lock_guard lock(not_finite_mutex_);
      not_finite_[info.name] += found;
    }
  }

  std::vector<OpenTensor> tensors_;
  int64_t chunks_ = 0;
  std::mutex not_finite_mutex_;
  NotFinite& not_finite_;
};

// Brings what is written to the disk, and then into the journal, while more is computed.
class Flusher {
 public:
  Flusher(const OutputFile& file, SaveJournal* journal) : file_(file), journal_(journal) {}
  Flusher(const Flusher&) = delete;
  Flusher& operator=(const Flusher&) = delete;
  // What an interrupted run has flushed is done all the same.
  ~Flusher() {
    try {
      if (running_.valid()) finish();
    } catch (...) {  // it is written again, then
    }
  }

  void add(SaveJournal::Tensor tensor) {
    if (journal_ != nullptr) written_.push_back(std::move(tensor));
  }

  // Begins a flush if the last one has ended and some time has passed.
  void advance() {
    if (running_.valid()) {
      if (running_.wait_for(std::chrono::seconds(0)) != std::future_status::ready) return;
      finish();
    }
    if (!written_.empty() && Clock::now() - begun_ >= kBetweenFlushes) begin();
  }

  void flush() {
    if (running_.valid()) finish();
    if (written_.empty()) return;
    begin();
    finish();
  }

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds kBetweenFlushes{2};

  void begin() {
    flushing_ = std::exchange(written_, {});
    begun_ = Clock::now();
    running_ = std::async(std::launch::async, [this] { file_.flush_or_throw(); });
  }

  void finish() {
    running_.get();
    journal_->add(flushing_);
  }

  const OutputFile& file_;
  SaveJournal* journal_;
  std::vector<SaveJournal::Tensor> written_, flushing_;
  Clock::time_point begun_ = Clock::now();
  std::future<void> running_;
};

// One file of a checkpoint that is being saved.
class ShardWriter {
 public:
  ShardWriter(const Checkpoint& checkpoint, const SaveOptions& options, NotFinite& not_finite, Progress* progress)
      : checkpoint_(checkpoint), options_(options), not_finite_(not_finite), progress_(progress), batch_(not_finite) {}

  void write(const Shard& shard, const std::filesystem::path& path) {
    const SafetensorsLayout layout = lay_out_safetensors(shard.tensors, options_.metadata);
    goes_on_ = options_.journal != nullptr && !options_.journal->empty() && is_laid_out(path, layout);
    if (options_.journal != nullptr && !goes_on_) options_.journal->forget(shard.tensors);
    OutputFile file(path, layout.file_size, goes_on_ ? OutputFile::Contents::kept : OutputFile::Contents::none);
    Flusher flusher(file, options_.journal);
    BackgroundWriter writer(file, kWritingThreads, thread_count() + kWritesAhead);
    file.write_or_throw(0, std::as_bytes(std::span(layout.header)));
    for (size_t i = 0; i < shard.tensors.size(); ++i) {
      const TensorInfo& tensor = shard.tensors[i];
      if (skip_done(tensor)) continue;
      batch_.add(checkpoint_.prepare(tensor.name), layout.offsets[i]);
      names_.push_back(tensor.name);
      if (!batch_.full()) continue;
      run(writer, flusher);
      flusher.advance();
    }
    run(writer, flusher);
    settle(writer, flusher);
    flusher.flush();
    file.close_or_throw();
  }

 private:
  // A file has its whole length from the first: one of another is not that which the journal tells of.
  static bool is_laid_out(const std::filesystem::path& path, const SafetensorsLayout& layout) {
    std::error_code error;
    return std::filesystem::file_size(path, error) == static_cast<uintmax_t>(layout.file_size) && !error;
  }

  // It is opened all the same: so its inputs are known to have taken part.
  bool skip_done(const TensorInfo& tensor) {
    const SaveJournal::Tensor* done = goes_on_ ? options_.journal->find(tensor.name) : nullptr;
    if (done == nullptr) return false;
    checkpoint_.prepare(tensor.name);
    if (done->not_finite > 0) not_finite_[tensor.name] = done->not_finite;
    if (progress_ != nullptr) progress_->advance(tensor.bytes());
    return true;
  }

  // Meanwhile the batch before goes to the disk.
  void run(BackgroundWriter& writer, Flusher& flusher) {
    batch_.run(writer, progress_);
    settle(writer, flusher);
    computed_ = std::exchange(names_, {});
    writes_ = writer.asked();
  }

  // What was computed last has to be in the file before the journal can name it.
  void settle(BackgroundWriter& writer, Flusher& flusher) {
    writer.wait_for(std::exchange(writes_, 0));
    for (std::string& name : std::exchange(computed_, {})) {
      const auto found = not_finite_.find(name);
      flusher.add({std::move(name), found == not_finite_.end() ? 0 : found->second});
    }
  }

  const Checkpoint& checkpoint_;
  const SaveOptions& options_;
  NotFinite& not_finite_;
  Progress* progress_;
  Batch batch_;
  bool goes_on_ = false;               // with what the shard's file holds
  std::vector<std::string> names_;     // of the batch's tensors
  std::vector<std::string> computed_;  // of the batch before
  int64_t writes_ = 0;                 // that were asked for when it was computed
};

// Where bytes go that nobody wants.
class Nowhere {
 public:
  std::unique_ptr<WriteBuffer> take_buffer() {
    if (auto buffer = buffers_.take()) return buffer;
    return std::make_unique<WriteBuffer>();
  }
  void write(int64_t, std::span<const std::byte>, std::unique_ptr<WriteBuffer> buffer) {
    buffers_.give_back(std::move(buffer));
  }

 private:
  Pool<WriteBuffer> buffers_;
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
  Nowhere nowhere;
  Batch batch(not_finite);
  for (const TensorInfo& tensor : checkpoint.tensors()) {
    batch.add(checkpoint.prepare(tensor.name), 0);
    if (batch.full()) batch.run(nowhere, progress);
  }
  batch.run(nowhere, progress);
  return not_finite;
}

}  // namespace vlrm
