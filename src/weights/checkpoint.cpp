#include "weights/checkpoint.h"

#include <algorithm>
#include <span>

#include "base/error.h"
#include "base/threads.h"
#include "weights/chunks.h"

namespace vlrm {

int64_t TensorInfo::elements() const {
  int64_t product = 1;
  for (const int64_t dimension : shape) product *= dimension;
  return product;
}

std::string shape_string(const std::vector<int64_t>& shape) {
  std::string text;
  for (const int64_t dimension : shape) text += (text.empty() ? "" : ", ") + std::to_string(dimension);
  return "[" + text + "]";
}

void TensorReader::read_float32(int64_t first, int64_t count, float* out) const {
  const Dtype dtype = info().dtype;
  if (!is_float(dtype))
    fail("tensor {}: {} values cannot be read as float32", printable(info().name), safetensors_name(dtype));
  if (dtype == Dtype::f32) return read(first, count, reinterpret_cast<std::byte*>(out));
  thread_local std::vector<std::byte> bytes;
  for_each_piece(first, count, [&](int64_t start, int64_t size) {
    bytes.resize(static_cast<size_t>(kPieceElements * size_of(dtype)));
    read(start, size, bytes.data());
    to_float32(dtype, bytes.data(), std::span(out + (start - first), static_cast<size_t>(size)));
  });
}

const TensorInfo* Checkpoint::find(std::string_view name) const {
  const std::vector<TensorInfo>& all = tensors();
  const auto found = std::ranges::lower_bound(all, name, {}, &TensorInfo::name);
  return found != all.end() && found->name == name ? &*found : nullptr;
}

const TensorInfo& Checkpoint::info_or_throw(std::string_view name) const {
  const TensorInfo* found = find(name);
  if (found == nullptr) fail("{}: there is no tensor {}", description(), printable(name));
  return *found;
}

void read_in_parallel(int64_t elements, const std::function<void(int64_t first, int64_t count)>& read) {
  constexpr int64_t kParallelPiece = int64_t{1} << 20;  // elements that a thread reads at a time
  parallel_for((elements + kParallelPiece - 1) / kParallelPiece, [&](int64_t piece) {
    const int64_t first = piece * kParallelPiece;
    read(first, std::min(kParallelPiece, elements - first));
  });
}

std::vector<float> read_all_float32(const Checkpoint& checkpoint, std::string_view name) {
  const int64_t elements = checkpoint.info_or_throw(name).elements();
  const auto reader = checkpoint.prepare(name);
  std::vector<float> values(static_cast<size_t>(elements));
  parallel_for(chunk_count(elements), [&](int64_t index) {
    const int64_t first = index * kChunkElements;
    reader->read_float32(first, std::min(kChunkElements, elements - first), values.data() + first);
  });
  return values;
}

}  // namespace vlrm
