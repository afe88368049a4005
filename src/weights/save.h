// The sinks: where a lazy checkpoint is at last computed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "base/progress.h"
#include "weights/checkpoint.h"
#include "weights/chunks.h"
#include "weights/save_journal.h"

namespace vlrm {

// Elements computed by a thread and written by one call: a disk is slower with less.
constexpr int64_t kSaveElements = 32 * kChunkElements;
// Threads that write while others compute, and how many chunks may wait for them.
constexpr int kWritingThreads = 3, kWritesAhead = 4;

struct SaveOptions {
  int64_t max_shard_bytes = 5'000'000'000;  // Hugging Face's default; one tensor larger than it has a shard of its own
  std::map<std::string, std::string> metadata{{"format", "pt"}};
  SaveJournal* journal = nullptr;  // what it names is not written again; what is written, it will name
};

// How many elements of a tensor are infinite or NaN, by its name; tensors without any are left out.
using NotFinite = std::map<std::string, int64_t>;

// Writes all tensors into an existing directory (the staging side of an AtomicDirectory) as model.safetensors, or as
// model-00001-of-0000N.safetensors with model.safetensors.index.json. The layout is fixed beforehand from names, shapes
// and dtypes; chunks are computed by all threads and written at their offsets. The bytes do not depend on threads or
// chunk size. Memory: a chunk a thread, and those that wait. Throws Error when a source fails or the disk is full.
NotFinite save_checkpoint(const Checkpoint& checkpoint, const std::filesystem::path& directory,
                          const SaveOptions& options, Progress* progress);

// Computes every byte and writes none.
NotFinite discard_checkpoint(const Checkpoint& checkpoint, Progress* progress);

// "5GB", "500MB", "1GiB", "123": bytes, decimal for GB as in Hugging Face. Throws Error for anything else.
int64_t parse_size_or_throw(const std::string& text);

// As mergekit writes sizes: "500M", "5B" (billion), "123": bytes. Throws Error for anything else.
int64_t parse_short_size_or_throw(const std::string& text);

}  // namespace vlrm
