// What a table may cost: a few bytes of parquet or Arrow can stand for gigabytes.
#pragma once

#include <arrow/memory_pool.h>

#include <filesystem>
#include <string>

namespace vlrm {

// libarrow's memory for one file: some MiB, and more for a larger file, whose pages may be large.
class TablePool : public arrow::ProxyMemoryPool {
 public:
  explicit TablePool(const std::filesystem::path& file);

  using MemoryPool::Allocate;
  using MemoryPool::Reallocate;
  arrow::Status Allocate(int64_t size, int64_t alignment, uint8_t** out) override;
  arrow::Status Reallocate(int64_t old_size, int64_t new_size, int64_t alignment, uint8_t** ptr) override;

  bool was_exceeded() const { return was_exceeded_; }  // since the last forgive()
  void forgive() { was_exceeded_ = false; }
  // Throws Error where more was asked for than there is.
  void check(const std::string& what) const;

 private:
  arrow::Status exceed(int64_t size);
  const int64_t limit_;
  bool was_exceeded_ = false;
};

// What the rows of one file may hold, as values and as bytes of text and images.
class RowBudget {
 public:
  explicit RowBudget(const std::filesystem::path& file);
  void begin_row() { values_left_ = kValues, bytes_left_ = kBytes; }
  // Throws Error naming `row` where the row, or all rows so far, hold too much.
  void spend(int64_t values, int64_t bytes, const std::string& row);

 private:
  static constexpr int64_t kValues = int64_t{1} << 22, kBytes = int64_t{256} << 20;
  int64_t values_left_ = kValues, bytes_left_ = kBytes, all_left_;
};

// Throws Error for more rows than a file of that many bytes can hold, whatever its footer says.
void check_row_count(int64_t rows, const std::filesystem::path& file);

}  // namespace vlrm
