#include "weights/held_checkpoint.h"

#include <cstring>
#include <map>
#include <memory>

namespace vlrm {
namespace {

// The memory is not cleared first: a model's is written once, and large.
struct HeldTensor {
  TensorInfo info;
  std::shared_ptr<std::byte[]> bytes;
};

class HeldReader : public TensorReader {
 public:
  explicit HeldReader(HeldTensor tensor) : tensor_(std::move(tensor)) {}
  const TensorInfo& info() const override { return tensor_.info; }
  void read(int64_t first, int64_t count, std::byte* out) const override {
    const int64_t size = size_of(tensor_.info.dtype);
    std::memcpy(out, tensor_.bytes.get() + first * size, static_cast<size_t>(count * size));
  }

 private:
  const HeldTensor tensor_;
};

HeldTensor read_whole(const TensorReader& reader) {
  const TensorInfo& info = reader.info();
  HeldTensor held{info, std::shared_ptr<std::byte[]>(new std::byte[static_cast<size_t>(info.bytes())])};
  read_in_parallel(info.elements(), [&](int64_t first, int64_t count) {
    reader.read(first, count, held.bytes.get() + first * size_of(info.dtype));
  });
  return held;
}

class HeldCheckpoint : public Checkpoint {
 public:
  HeldCheckpoint(CheckpointPtr source, const WantedTensor& wanted) : source_(std::move(source)) {
    for (const TensorInfo& info : source_->tensors())
      if (wanted(info)) held_.emplace(info.name, read_whole(*source_->prepare(info.name)));
  }
  const std::vector<TensorInfo>& tensors() const override { return source_->tensors(); }
  std::unique_ptr<TensorReader> prepare(std::string_view name) const override {
    const auto held = held_.find(name);
    if (held == held_.end()) return source_->prepare(name);
    return std::make_unique<HeldReader>(held->second);
  }
  std::string description() const override { return source_->description(); }

 private:
  const CheckpointPtr source_;
  std::map<std::string, HeldTensor, std::less<>> held_;
};

}  // namespace

int64_t bytes_held(const Checkpoint& checkpoint, const WantedTensor& wanted) {
  int64_t bytes = 0;
  for (const TensorInfo& info : checkpoint.tensors())
    if (wanted(info)) bytes += info.bytes();
  return bytes;
}

CheckpointPtr held_in_memory(CheckpointPtr source, const WantedTensor& wanted) {
  return std::make_shared<HeldCheckpoint>(std::move(source), wanted);
}

}  // namespace vlrm
