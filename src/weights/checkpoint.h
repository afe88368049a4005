// A checkpoint is a set of named tensors that can be read lazily. Files, renamed views, merged models: all are this.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "weights/dtype.h"

namespace vlrm {

struct TensorInfo {
  std::string name;
  Dtype dtype = Dtype::f32;
  std::vector<int64_t> shape;  // empty: a scalar, one element

  int64_t elements() const;
  int64_t bytes() const { return elements() * size_of(dtype); }
};

// "[4096, 64]", for messages.
std::string shape_string(const std::vector<int64_t>& shape);

// One tensor, ready to be read in pieces from any number of threads.
class TensorReader {
 public:
  virtual ~TensorReader() = default;
  virtual const TensorInfo& info() const = 0;
  // Elements [first, first + count) of the flat, row-major tensor, as info().dtype. Throws Error if the source fails.
  virtual void read(int64_t first, int64_t count, std::byte* out) const = 0;
  // The same as float32. Throws Error for a type that is no float. Override where float32 is at hand without a detour.
  virtual void read_float32(int64_t first, int64_t count, float* out) const;
};

class Checkpoint {
 public:
  virtual ~Checkpoint() = default;
  // All tensors, sorted by name.
  virtual const std::vector<TensorInfo>& tensors() const = 0;
  // Makes a tensor ready. What must be known of the whole tensor first (a threshold, a norm) is computed here, so this
  // may read it all. `name` must be one of tensors(). Safe from any thread.
  virtual std::unique_ptr<TensorReader> prepare(std::string_view name) const = 0;

  const TensorInfo* find(std::string_view name) const;  // nullptr where there is none
  // As find. Throws Error naming the tensor and this checkpoint where there is none.
  const TensorInfo& info_or_throw(std::string_view name) const;
  // What errors call this checkpoint: a path, or "merged model".
  virtual std::string description() const = 0;
};

using CheckpointPtr = std::shared_ptr<const Checkpoint>;

// The safetensors of a local Hugging Face directory: model.safetensors.index.json with its shards, or
// model.safetensors. Reads headers only. Throws Error naming file and rule for what is malformed: the index (paths that
// leave the directory, shards or tensors that are not there) or a header (see safetensors.h).
CheckpointPtr open_checkpoint(const std::filesystem::path& directory);

// Calls read(first, count) for pieces of `elements` elements, with all threads: how a large tensor is read.
void read_in_parallel(int64_t elements, const std::function<void(int64_t first, int64_t count)>& read);

// The whole tensor as float32, read with all threads. For small tensors and tests.
std::vector<float> read_all_float32(const Checkpoint& checkpoint, std::string_view name);

}  // namespace vlrm
