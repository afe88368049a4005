#include "weights/file_pool.h"

#include "base/error.h"

namespace fs = std::filesystem;

namespace vlrm {

FilePool::Member::Member(FilePool& pool, fs::path path) : pool_(pool), path_(std::move(path)) {
  const std::lock_guard lock(pool_.mutex_);
  auto file = pool_.open(path_);
  file_ = file;
  version_ = file->version();
}

std::shared_ptr<const File> FilePool::Member::file() const {
  const std::lock_guard lock(pool_.mutex_);
  if (auto file = file_.lock()) return file;
  auto file = pool_.open(path_);
  if (file->version() != version_) fail("{}: has changed since it was opened", path_.string());
  file_ = file;
  return file;
}

std::shared_ptr<const File> FilePool::open(const fs::path& path) {
  if (open_.size() == kMostOpen) open_.pop_front();
  return open_.emplace_back(std::make_shared<const File>(File::open_or_throw(path)));
}

}  // namespace vlrm
