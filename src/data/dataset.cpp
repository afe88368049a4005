#include "data/dataset.h"

#include <map>
#include <mutex>

#include "base/content_digest.h"
#include "base/error.h"
#include "base/hub_cache.h"
#include "data/data_files.h"
#include "data/row_file.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

struct Shard {
  fs::path path;
  int64_t rows;
};
using Shards = std::vector<Shard>;

// One shard after another. A shard is opened when the one before it is read, and closed with its last row.
class ShardStream : public RowStream {
 public:
  ShardStream(std::shared_ptr<const Shards> shards, fs::path folder, int64_t first, Images images, Columns columns)
      : shards_(std::move(shards)),
        folder_(std::move(folder)),
        images_(images),
        columns_(std::move(columns)),
        skip_(first) {
    while (shard_ < shards_->size() && skip_ >= (*shards_)[shard_].rows) skip_ -= leave_shard();
  }

  std::optional<Row> next() override {
    while (shard_ < shards_->size()) {
      if (!rows_) open_shard();
      if (auto row = rows_->next()) {
        row->index += before_;
        for (auto& [column, image] : row->images) image.folder = folder_;
        return row;
      }
      leave_shard();
      skip_ = 0;
    }
    return std::nullopt;
  }

 private:
  void open_shard() {
    const Shard& shard = (*shards_)[shard_];
    const auto file = open_row_file(shard.path);
    if (file->rows() != shard.rows)
      fail("{}: has {} rows now, and had {} when it was opened", shard.path.string(), file->rows(), shard.rows);
    rows_ = file->stream(skip_, images_, columns_);
  }
  int64_t leave_shard() {
    const int64_t rows = (*shards_)[shard_++].rows;
    before_ += rows;
    rows_.reset();
    return rows;
  }

  std::shared_ptr<const Shards> shards_;
  const fs::path folder_;
  const Images images_;
  const Columns columns_;
  size_t shard_ = 0;
  int64_t before_ = 0;  // rows of the shards that are left
  int64_t skip_;        // rows of the current shard that come before the first
  std::unique_ptr<RowStream> rows_;
};

// The files that a shard's rows name as images; none where it holds the images itself.
std::vector<fs::path> named_images(const fs::path& shard, const std::vector<std::string>& columns) {
  std::vector<fs::path> images;
  try {
    const auto rows = open_row_file(shard)->stream(0, Images::with, WantedColumns({}, columns));
    while (const auto row = rows->next())
      for (const auto& [column, image] : row->images) {
        if (!image.bytes.empty()) return {};
        images.push_back(image.path);
      }
  } catch (const Error&) {  // told by who needs the images, if anybody does
  }
  return images;
}

class ShardedDataset : public Dataset {
 public:
  ShardedDataset(const std::string& name, fs::path folder, const SplitFiles& split) : folder_(std::move(folder)) {
    auto shards = std::make_shared<Shards>();
    for (const auto& file : split.files) {
      shards->push_back({file, open_row_file(file)->rows()});
      rows_ += shards->back().rows;
    }
    shards_ = std::move(shards);
    description_ = printable(name, 400);
    if (split.config != "default") description_ += fmt::format(", config \"{}\"", printable(split.config));
    if (!split.split.empty()) description_ += fmt::format(", split \"{}\"", printable(split.split));
    description_ += fmt::format(": {} row{} in {}", rows_, rows_ == 1 ? "" : "s",
                                split.files.size() == 1 ? "one file" : fmt::format("{} files", split.files.size()));
  }

  int64_t rows() const override { return rows_; }
  std::unique_ptr<RowStream> stream(int64_t first, Images images, const Columns& columns) const override {
    VLRM_ASSERT(first >= 0 && first <= rows_);
    return std::make_unique<ShardStream>(shards_, folder_, first, images, columns);
  }
  std::string description() const override { return description_; }
  std::string stamp(const std::vector<std::string>& images) const override {
    const std::lock_guard lock(stamp_mutex_);
    std::string& known = stamps_[images];
    if (!known.empty()) return known;
    std::string contents;
    for (const auto& [path, rows] : *shards_)
      contents += fmt::format("{} {}\n", file_digest(path), files_digest(named_images(path, images)));
    return known = content_digest(contents);
  }

 private:
  const fs::path folder_;
  std::shared_ptr<const Shards> shards_;
  int64_t rows_ = 0;
  std::string description_;
  mutable std::mutex stamp_mutex_;
  mutable std::map<std::vector<std::string>, std::string> stamps_;  // by the columns of images
};

// What somebody fetched of a dataset may be another part of it.
SplitFiles find_or_fetch(const DatasetName& name, const fs::path& directory) {
  try {
    return find_split_files(directory, name.config, name.split);
  } catch (const Error&) {
    if (!complete_dataset(name.data)) throw;
  }
  return find_split_files(directory, name.config, name.split);
}

}  // namespace

std::unique_ptr<Dataset> open_dataset(const DatasetName& name) {
  const fs::path path = resolve_dataset(name.data);
  std::error_code ignored;
  if (fs::is_directory(path, ignored))
    return std::make_unique<ShardedDataset>(name.data, path, find_or_fetch(name, path));
  return std::make_unique<ShardedDataset>(name.data, path.parent_path(), SplitFiles{"default", "", {path}});
}

}  // namespace vlrm
