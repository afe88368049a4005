// Checkpoints for the tests of this room, in memory and as hand-made files.
#pragma once

#include <map>

#include "support/support.h"
#include "weights/checkpoint.h"

namespace vlrm::testing {

// A safetensors file of any header text and any data, right or wrong.
void write_safetensors(const std::filesystem::path& path, const std::string& header, const std::string& data);

// Tensors held in memory. Counts how often each was opened and how many are open.
class MemoryCheckpoint : public Checkpoint {
 public:
  void add(const std::string& name, Dtype dtype, std::vector<int64_t> shape, std::vector<std::byte> bytes);
  void add_float32(const std::string& name, std::vector<int64_t> shape, const std::vector<float>& values);

  const std::vector<TensorInfo>& tensors() const override { return tensors_; }
  std::unique_ptr<TensorReader> prepare(std::string_view name) const override;
  std::string description() const override { return "memory"; }

  mutable std::map<std::string, int> opened;
  mutable int open_now = 0, most_open = 0;

 private:
  std::vector<TensorInfo> tensors_;
  std::map<std::string, std::vector<std::byte>, std::less<>> bytes_;
};

// Pseudo-random bytes; as bfloat16 or float16 they hold every kind of value, NaN too.
std::vector<std::byte> random_bytes(size_t count, uint64_t seed);

std::vector<std::byte> bytes_of(const Checkpoint& checkpoint, const TensorInfo& info);

// The same names, types, shapes and bytes.
void expect_equal(const Checkpoint& got, const Checkpoint& wanted);

}  // namespace vlrm::testing
