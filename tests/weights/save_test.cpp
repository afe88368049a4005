#include "weights/save.h"

#include "support/support.h"
#include "weights/safetensors.h"

namespace fs = std::filesystem;
using ::testing::HasSubstr;

namespace vlrm::testing {
namespace {

std::vector<std::byte> bytes_of(const Checkpoint& checkpoint, const TensorInfo& info) {
  std::vector<std::byte> bytes(static_cast<size_t>(info.bytes()));
  checkpoint.open(info.name)->read(0, info.elements(), bytes.data());
  return bytes;
}

void expect_equal(const Checkpoint& got, const Checkpoint& wanted) {
  ASSERT_EQ(got.tensors().size(), wanted.tensors().size());
  for (const TensorInfo& info : wanted.tensors()) {
    const TensorInfo& same = got.info_or_throw(info.name);
    EXPECT_EQ(same.shape, info.shape);
    EXPECT_EQ(same.dtype, info.dtype);
    EXPECT_EQ(bytes_of(got, same), bytes_of(wanted, info)) << info.name;
  }
}

TEST(Save, GoldensRoundTripWholeAndSharded) {
  VLRM_NEED_GOLDENS();
  for (const char* model : {"base", "vlm", "rm"}) {
    const CheckpointPtr source = open_checkpoint(goldens() / "models" / model);
    for (const int64_t limit : {int64_t{1} << 40, int64_t{300'000}}) {
      const TemporaryDirectory dir;
      save_checkpoint(*source, dir.path(), {.max_shard_bytes = limit}, nullptr);
      expect_equal(*open_checkpoint(dir.path()), *source);
    }
  }
}

}  // namespace
}  // namespace vlrm::testing
