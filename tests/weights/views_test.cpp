#include "weights/views.h"

#include <algorithm>
#include <limits>

#include "weights_support.h"

using ::testing::ElementsAre;
using ::testing::HasSubstr;

namespace vlrm::testing {
namespace {

std::shared_ptr<MemoryCheckpoint> numbers(const std::vector<std::string>& names, float first) {
  auto memory = std::make_shared<MemoryCheckpoint>();
  for (const std::string& name : names) {
    memory->add_float32(name, {2, 2}, {first, first + 1, first + 2, first + 3});
    first += 10;
  }
  return memory;
}

std::vector<std::string> names_of(const Checkpoint& checkpoint) {
  std::vector<std::string> names;
  for (const TensorInfo& info : checkpoint.tensors()) names.push_back(info.name);
  return names;
}

TEST(Renamed, KeepsWhatGetsANameAndSortsByIt) {
  const CheckpointPtr view = renamed(numbers({"a", "b", "c"}, 0), [](const std::string& name) {
    return name == "b" ? std::nullopt : std::optional(name == "a" ? "z" : name);
  });
  EXPECT_THAT(names_of(*view), ElementsAre("c", "z"));
  EXPECT_THAT(read_all_float32(*view, "z"), ElementsAre(0, 1, 2, 3));
  EXPECT_EQ(view->prepare("z")->info().name, "z");
}

TEST(Renamed, RefusesTwoOfOneName) {
  EXPECT_THAT(error_of([] {
                renamed(numbers({"a", "b"}, 0), [](const std::string&) { return "same"; });
              }),
              HasSubstr("memory: the tensors a and b"));
}

TEST(Overlay, TheLastWinsWithItsShapeAndType) {
  auto top = std::make_shared<MemoryCheckpoint>();
  top->add("b", Dtype::u8, {1}, std::vector<std::byte>(1));
  const CheckpointPtr view = overlay({numbers({"a", "b"}, 0), numbers({"a", "c"}, 50), top});
  EXPECT_THAT(names_of(*view), ElementsAre("a", "b", "c"));
  EXPECT_THAT(read_all_float32(*view, "a"), ElementsAre(50, 51, 52, 53));
  EXPECT_EQ(view->find("b")->dtype, Dtype::u8);
  EXPECT_EQ(view->find("b")->shape.size(), 1U);
  EXPECT_EQ(view->description(), "memory");  // a name that several layers share comes once
}

TEST(Cast, ConvertsFloatsInAnyPiecesAndLeavesTheRest) {
  auto memory = std::make_shared<MemoryCheckpoint>();
  constexpr int64_t kCount = 150'000;
  const std::vector<std::byte> bytes = random_bytes(2 * kCount, 3);
  memory->add("h", Dtype::f16, {kCount}, bytes);
  memory->add("i", Dtype::i64, {1}, random_bytes(8, 4));
  const CheckpointPtr wide = cast(memory, Dtype::f32);
  const CheckpointPtr narrow = cast(memory, Dtype::bf16);
  EXPECT_EQ(wide->find("h")->bytes(), 4 * kCount);
  EXPECT_EQ(wide->find("i")->dtype, Dtype::i64);
  EXPECT_TRUE(bytes_of(*wide, *wide->find("i")) == random_bytes(8, 4));

  std::vector<float> values(kCount);
  to_float32(Dtype::f16, bytes.data(), values);
  std::vector<std::byte> wanted(2 * kCount);
  from_float32(values, Dtype::bf16, wanted.data());
  EXPECT_TRUE(bytes_of(*narrow, *narrow->find("h")) == wanted);
  std::vector<std::byte> pieces(2 * kCount);
  const auto reader = narrow->prepare("h");
  for (int64_t first = 0; first < kCount; first += 70'001)
    reader->read(first, std::min<int64_t>(70'001, kCount - first), pieces.data() + 2 * first);
  EXPECT_TRUE(pieces == wanted);
}

// No detour through float32, which would change the payloads of NaN.
TEST(Cast, ToTheSameTypeChangesNoBit) {
  auto memory = std::make_shared<MemoryCheckpoint>();
  memory->add("t", Dtype::bf16, {1000}, random_bytes(2000, 5));
  expect_equal(*cast(memory, Dtype::bf16), *memory);
}

TEST(Cast, OfACast) {
  auto memory = std::make_shared<MemoryCheckpoint>();
  memory->add_float32("t", {2}, {1.0009765625F, 70000.F});
  EXPECT_THAT(read_all_float32(*cast(cast(memory, Dtype::f16), Dtype::f32), "t"),
              ElementsAre(1.0009765625F, std::numeric_limits<float>::infinity()));
}

TEST(WithFirstRows, CutsOneTensor) {
  const CheckpointPtr source = numbers({"a", "b"}, 0);
  const CheckpointPtr view = with_first_rows(source, "a", 1);
  EXPECT_THAT(read_all_float32(*view, "a"), ElementsAre(0, 1));
  EXPECT_THAT(view->find("a")->shape, ElementsAre(1, 2));
  EXPECT_EQ(view->find("b")->elements(), 4);
  EXPECT_THAT(error_of([&] { with_first_rows(source, "a", 3); }), HasSubstr("tensor a [2, 2] has no first 3 rows"));
  EXPECT_THAT(error_of([&] { with_first_rows(source, "a", -1); }), HasSubstr("no first -1 rows"));
  EXPECT_THAT(error_of([&] { with_first_rows(source, "x", 1); }), HasSubstr("no tensor x"));
}

TEST(WithRow, KeepsOneRowOfOneTensor) {
  const CheckpointPtr source = numbers({"a", "b"}, 0);
  const CheckpointPtr view = with_row(source, "a", 1);
  EXPECT_THAT(read_all_float32(*view, "a"), ElementsAre(2, 3));
  EXPECT_THAT(read_all_float32(*cast(view, Dtype::bf16), "a"), ElementsAre(2, 3));
  EXPECT_THAT(read_all_float32(*with_row(source, "a", 0), "a"), ElementsAre(0, 1));
  EXPECT_THAT(view->find("a")->shape, ElementsAre(1, 2));
  EXPECT_EQ(view->find("b")->elements(), 4);
  EXPECT_THAT(error_of([&] { with_row(source, "a", 2); }), HasSubstr("tensor a [2, 2] has no row 2"));
  EXPECT_THAT(error_of([&] { with_row(source, "a", -1); }), HasSubstr("no row -1"));
  EXPECT_THAT(error_of([&] { with_row(source, "x", 0); }), HasSubstr("no tensor x"));
}

TEST(WithEqualRows, CutsATensorIntoOthers) {
  const CheckpointPtr source = numbers({"a", "fused"}, 0);
  const auto halves = [](const std::string& name) {
    return name == "fused" ? std::vector<std::string>{"second.first", "b"} : std::vector<std::string>{};
  };
  const CheckpointPtr view = with_equal_rows(source, halves);
  std::vector<std::string> names;
  for (const TensorInfo& tensor : view->tensors()) names.push_back(tensor.name);
  EXPECT_THAT(names, ElementsAre("a", "b", "second.first"));
  EXPECT_THAT(read_all_float32(*view, "second.first"), ElementsAre(10, 11));
  EXPECT_THAT(read_all_float32(*cast(view, Dtype::bf16), "b"), ElementsAre(12, 13));
  EXPECT_THAT(view->find("b")->shape, ElementsAre(1, 2));
  EXPECT_EQ(with_equal_rows(source, [](const std::string&) { return std::vector<std::string>{}; }), source);
  const auto into = [&](std::vector<std::string> names_of_parts) {
    return error_of([&] {
      with_equal_rows(source, [&](const std::string& name) {
        return name == "fused" ? names_of_parts : std::vector<std::string>{};
      });
    });
  };
  EXPECT_THAT(into({"x", "y", "z"}), HasSubstr("tensor fused [2, 2] is not 3 times as many rows"));
  EXPECT_THAT(into({"a", "b"}), HasSubstr("has both fused and a, a part of it"));
}

TEST(Views, ReadNothingUntilOpened) {
  const auto memory = numbers({"a", "b"}, 0);
  const CheckpointPtr view = cast(overlay({renamed(memory, [](const std::string& name) { return name; })}), Dtype::f16);
  EXPECT_TRUE(memory->opened.empty());
  view->prepare("b");
  EXPECT_EQ(memory->opened.size(), 1U);
  EXPECT_EQ(memory->open_now, 0);
}

}  // namespace
}  // namespace vlrm::testing
