#include "weights/safetensors_file.h"

#include "base/error.h"

namespace vlrm {
namespace {

// With the pool that it needs.
struct PooledFile {
  PooledFile(std::shared_ptr<FilePool> files, const std::filesystem::path& path)
      : pool(std::move(files)), member(*pool, path) {}
  const std::shared_ptr<FilePool> pool;
  const FilePool::Member member;
};

class FileTensor : public TensorReader {
 public:
  FileTensor(std::shared_ptr<const PooledFile> file, SafetensorsEntry entry)
      : file_(std::move(file)), entry_(std::move(entry)), elements_(entry_.info.elements()) {}
  const TensorInfo& info() const override { return entry_.info; }
  void read(int64_t first, int64_t count, std::byte* out) const override {
    VLRM_ASSERT(first >= 0 && count >= 0 && count <= elements_ - first);
    const int64_t size = size_of(entry_.info.dtype);
    file_->member.file()->read_or_throw(entry_.offset + first * size,
                                        std::span(out, static_cast<size_t>(count * size)));
  }

 private:
  const std::shared_ptr<const PooledFile> file_;
  const SafetensorsEntry entry_;
  const int64_t elements_;
};

class SafetensorsFile : public Checkpoint {
 public:
  SafetensorsFile(const std::filesystem::path& path, std::shared_ptr<FilePool> pool)
      : path_(path),
        file_(std::make_shared<const PooledFile>(std::move(pool), path)),
        header_(read_safetensors_header(*file_->member.file())) {
    for (const SafetensorsEntry& entry : header_.entries) tensors_.push_back(entry.info);
  }
  const std::vector<TensorInfo>& tensors() const override { return tensors_; }
  std::unique_ptr<TensorReader> prepare(std::string_view name) const override {
    const auto index = static_cast<size_t>(&info_or_throw(name) - tensors_.data());
    return std::make_unique<FileTensor>(file_, header_.entries[index]);
  }
  std::string description() const override { return path_.string(); }

 private:
  const std::filesystem::path path_;
  const std::shared_ptr<const PooledFile> file_;
  const SafetensorsHeader header_;
  std::vector<TensorInfo> tensors_;
};

}  // namespace

CheckpointPtr open_safetensors_file(const std::filesystem::path& file) {
  return open_safetensors_file(file, std::make_shared<FilePool>());
}

CheckpointPtr open_safetensors_file(const std::filesystem::path& file, std::shared_ptr<FilePool> pool) {
  return std::make_shared<SafetensorsFile>(file, std::move(pool));
}

}  // namespace vlrm
