// What libvlrm_data exports: one function, and behind it objects whose methods throw nothing but Error.
#include <arrow/util/utf8.h>
#include <malloc.h>

#include "base/file.h"
#include "data/arrow_errors.h"
#include "data/table_files.h"

namespace {

// Blocks from here on go back to the system when they are freed. By itself malloc raises this with every larger block
// that is freed, up to 32 MiB, and pages full of images, which come and go, then leave holes that add up.
constexpr int kReturnedFrom = 1 << 20;  // bytes

}  // namespace

// C linkage only for the name that dlsym looks for; program and library are built together. The caller owns the result.
extern "C" __attribute__((visibility("default"))) vlrm::RowFile* vlrm_open_table(const std::filesystem::path* path) {
  ::mallopt(M_MMAP_THRESHOLD, kReturnedFrom);
  arrow::util::InitializeUTF8();                               // ValidateUTF8 takes everything before this
  vlrm::refuse_lfs_pointer(vlrm::File::open_or_throw(*path));  // what is wrong with the file itself: in our words
  return vlrm::translated(*path,
                          [&] {
                            return *vlrm::row_format(*path) == vlrm::RowFormat::arrow ? vlrm::open_arrow(*path)
                                                                                      : vlrm::open_parquet(*path);
                          })
      .release();
}
