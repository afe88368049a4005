#include "weights/held_checkpoint.h"

#include "weights_support.h"

namespace vlrm::testing {
namespace {

constexpr int64_t kElements = (int64_t{1} << 20) + 5;  // more than one piece

bool wanted(const TensorInfo& info) {
  return info.name != "tower";
}

std::shared_ptr<MemoryCheckpoint> some_tensors() {
  auto memory = std::make_shared<MemoryCheckpoint>();
  memory->add("layer", Dtype::bf16, {kElements}, random_bytes(2 * kElements, 1));
  memory->add("scalar", Dtype::f32, {}, random_bytes(4, 2));
  memory->add("tower", Dtype::f16, {3}, random_bytes(6, 3));
  return memory;
}

TEST(HeldCheckpoint, HasTheSameTensors) {
  const auto memory = some_tensors();
  expect_equal(*held_in_memory(memory, wanted), *memory);
}

TEST(HeldCheckpoint, ReadsWhatIsWantedOnceAndTheRestWhenAsked) {
  const auto memory = some_tensors();
  EXPECT_EQ(bytes_held(*memory, wanted), 2 * kElements + 4);
  const CheckpointPtr held = held_in_memory(memory, wanted);
  EXPECT_EQ(memory->opened["tower"], 0);
  for (int time = 0; time < 2; ++time)
    for (const TensorInfo& info : held->tensors()) bytes_of(*held, info);
  EXPECT_EQ(memory->opened["layer"], 1);
  EXPECT_EQ(memory->opened["scalar"], 1);
  EXPECT_EQ(memory->opened["tower"], 2);
}

TEST(HeldCheckpoint, ReadsAnyPart) {
  const CheckpointPtr held = held_in_memory(some_tensors(), wanted);
  const std::vector<std::byte> whole = bytes_of(*held, *held->find("layer"));
  std::vector<std::byte> part(2 * 7);
  held->prepare("layer")->read(kElements - 7, 7, part.data());
  EXPECT_TRUE(std::equal(part.begin(), part.end(), whole.end() - std::ssize(part)));
}

}  // namespace
}  // namespace vlrm::testing
