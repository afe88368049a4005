#include "data/table_limits.h"

#include "base/error.h"
#include "base/progress.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

constexpr int64_t kLeastPool = int64_t{128} << 20, kPoolAByte = 8;
constexpr int64_t kLeastContent = int64_t{96} << 20, kContentAByte = 64;  // columns that repeat compress so well

int64_t size_of(const fs::path& file) {
  std::error_code error;
  const auto size = fs::file_size(file, error);
  return error ? 0 : static_cast<int64_t>(size);
}

}  // namespace

TablePool::TablePool(const fs::path& file)
    : ProxyMemoryPool(arrow::system_memory_pool()), limit_(kLeastPool + kPoolAByte * size_of(file)) {}

arrow::Status TablePool::exceed(int64_t size) {
  was_exceeded_ = true;
  return arrow::Status::OutOfMemory(size, " bytes");
}

arrow::Status TablePool::Allocate(int64_t size, int64_t alignment, uint8_t** out) {
  if (size > limit_ - bytes_allocated()) return exceed(size);
  return ProxyMemoryPool::Allocate(size, alignment, out);
}

arrow::Status TablePool::Reallocate(int64_t old_size, int64_t new_size, int64_t alignment, uint8_t** ptr) {
  if (new_size > limit_ - bytes_allocated()) return exceed(new_size);  // both may be there for a while
  return ProxyMemoryPool::Reallocate(old_size, new_size, alignment, ptr);
}

void TablePool::check(const std::string& what) const {
  if (was_exceeded_)
    fail("{}: takes more than {} of memory to read: possibly a decompression bomb", what,
         human_bytes(static_cast<double>(limit_)));
}

RowBudget::RowBudget(const fs::path& file) : all_left_(kLeastContent + kContentAByte * size_of(file)) {}

void RowBudget::spend(int64_t values, int64_t bytes, const std::string& row) {
  values_left_ -= values;
  bytes_left_ -= bytes;
  all_left_ -= bytes;
  if (values_left_ < 0) fail("{}: holds more than {} values: possibly a decompression bomb", row, kValues);
  if (bytes_left_ < 0) fail("{}: holds more than {} MiB: possibly a decompression bomb", row, kBytes >> 20);
  if (all_left_ < 0) fail("{}: the rows hold more than their file can: possibly a decompression bomb", row);
}

void check_row_count(int64_t rows, const fs::path& file) {
  if (rows > size_of(file))
    fail("{}: says that it has {} rows, more than a file of {} bytes holds: possibly a decompression bomb",
         file.string(), rows, size_of(file));
}

}  // namespace vlrm
