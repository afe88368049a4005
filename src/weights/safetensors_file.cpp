#include "weights/safetensors_file.h"

#include "base/error.h"

namespace vlrm {
namespace {

class FileTensor : public TensorReader {
 public:
  FileTensor(std::shared_ptr<const File> file, SafetensorsEntry entry)
      : file_(std::move(file)), entry_(std::move(entry)), elements_(entry_.info.elements()) {}
  const TensorInfo& info() const override { return entry_.info; }
  void read(int64_t first, int64_t count, std::byte* out) const override {
    VLRM_ASSERT(first >= 0 && count >= 0 && count <= elements_ - first);
    const int64_t size = size_of(entry_.info.dtype);
    file_->read_or_throw(entry_.offset + first * size, std::span(out, static_cast<size_t>(count * size)));
  }

 private:
  const std::shared_ptr<const File> file_;
  const SafetensorsEntry entry_;
  const int64_t elements_;
};

class SafetensorsFile : public Checkpoint {
 public:
  explicit SafetensorsFile(const std::filesystem::path& path)
      : file_(std::make_shared<File>(File::open_or_throw(path))), header_(read_safetensors_header(*file_)) {
    for (const SafetensorsEntry& entry : header_.entries) tensors_.push_back(entry.info);
  }
  const std::vector<TensorInfo>& tensors() const override { return tensors_; }
  std::unique_ptr<TensorReader> prepare(std::string_view name) const override {
    const auto index = static_cast<size_t>(&info_or_throw(name) - tensors_.data());
    return std::make_unique<FileTensor>(file_, header_.entries[index]);
  }
  std::string description() const override { return file_->path().string(); }

 private:
  const std::shared_ptr<const File> file_;
  const SafetensorsHeader header_;
  std::vector<TensorInfo> tensors_;
};

}  // namespace

CheckpointPtr open_safetensors_file(const std::filesystem::path& file) {
  return std::make_shared<SafetensorsFile>(file);
}

}  // namespace vlrm
