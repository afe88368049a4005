#include "weights_support.h"

#include <algorithm>
#include <random>

namespace vlrm::testing {
namespace {

class MemoryTensor : public TensorReader {
 public:
  MemoryTensor(TensorInfo info, const std::byte* bytes, int& open_now)
      : info_(std::move(info)), bytes_(bytes), open_now_(open_now) {}
  ~MemoryTensor() override { --open_now_; }
  const TensorInfo& info() const override { return info_; }
  void read(int64_t first, int64_t count, std::byte* out) const override {
    const int64_t size = size_of(info_.dtype);
    ASSERT_GE(first, 0);
    ASSERT_LE(first + count, info_.elements());
    std::copy_n(bytes_ + first * size, count * size, out);
  }

 private:
  const TensorInfo info_;
  const std::byte* bytes_;
  int& open_now_;
};

}  // namespace

void write_safetensors(const std::filesystem::path& path, const std::string& header, const std::string& data) {
  std::string text;
  for (int shift = 0; shift < 64; shift += 8) text += static_cast<char>(header.size() >> shift & 0xFF);
  write_text(path, text + header + data);
}

void MemoryCheckpoint::add(const std::string& name, Dtype dtype, std::vector<int64_t> shape,
                           std::vector<std::byte> bytes) {
  tensors_.push_back({name, dtype, std::move(shape)});
  ASSERT_EQ(tensors_.back().bytes(), static_cast<int64_t>(bytes.size()));
  bytes_[name] = std::move(bytes);
  std::ranges::sort(tensors_, {}, &TensorInfo::name);
}

void MemoryCheckpoint::add_float32(const std::string& name, std::vector<int64_t> shape,
                                   const std::vector<float>& values) {
  const auto bytes = std::as_bytes(std::span(values));
  add(name, Dtype::f32, std::move(shape), {bytes.begin(), bytes.end()});
}

std::unique_ptr<TensorReader> MemoryCheckpoint::prepare(std::string_view name) const {
  ++opened[std::string(name)];
  most_open = std::max(most_open, ++open_now);
  return std::make_unique<MemoryTensor>(info_or_throw(name), bytes_.find(name)->second.data(), open_now);
}

std::vector<std::byte> random_bytes(size_t count, uint64_t seed) {
  std::mt19937_64 generator(seed);
  std::vector<std::byte> bytes(count);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(generator());
  return bytes;
}

std::vector<std::byte> bytes_of(const Checkpoint& checkpoint, const TensorInfo& info) {
  std::vector<std::byte> bytes(static_cast<size_t>(info.bytes()));
  checkpoint.prepare(info.name)->read(0, info.elements(), bytes.data());
  return bytes;
}

void expect_equal(const Checkpoint& got, const Checkpoint& wanted) {
  ASSERT_EQ(got.tensors().size(), wanted.tensors().size());
  for (const TensorInfo& info : wanted.tensors()) {
    const TensorInfo& same = got.info_or_throw(info.name);
    EXPECT_EQ(same.shape, info.shape);
    EXPECT_EQ(same.dtype, info.dtype);
    EXPECT_TRUE(bytes_of(got, same) == bytes_of(wanted, info)) << info.name;
  }
}

}  // namespace vlrm::testing
