#include "weights/save.h"

#include <cmath>
#include <limits>
#include <thread>

#include "base/threads.h"
#include "weights/safetensors.h"
#include "weights/shards.h"
#include "weights/views.h"
#include "weights_support.h"

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

namespace vlrm::testing {
namespace {

// The shards' sizes in bytes for tensors of these sizes.
std::vector<std::vector<int64_t>> sharded(const std::vector<int64_t>& sizes, int64_t limit) {
  std::vector<TensorInfo> tensors;
  for (size_t i = 0; i < sizes.size(); ++i) tensors.push_back({std::string(1, char('a' + i)), Dtype::u8, {sizes[i]}});
  std::vector<std::vector<int64_t>> result;
  for (const Shard& shard : plan_shards(tensors, limit)) {
    result.emplace_back();
    for (const TensorInfo& tensor : shard.tensors) result.back().push_back(tensor.bytes());
  }
  return result;
}

using Sizes = std::vector<int64_t>;

TEST(Shards, AreFilledGreedilyInOrder) {
  EXPECT_THAT(sharded({6, 6, 2, 6, 2, 2}, 10), ElementsAre(Sizes{6}, Sizes{6, 2}, Sizes{6, 2, 2}));
  EXPECT_THAT(sharded({5, 5, 1}, 10), ElementsAre(Sizes{5, 5}, Sizes{1}));
  EXPECT_THAT(sharded({3, 3}, 10), ElementsAre(Sizes{3, 3}));
  EXPECT_THAT(sharded({}, 10), ElementsAre(Sizes{}));
}

// As in huggingface_hub: such a tensor comes before the shard that was open when it was met.
TEST(Shards, ATensorTooLargeHasItsOwn) {
  EXPECT_THAT(sharded({2, 20, 3}, 10), ElementsAre(Sizes{20}, Sizes{2, 3}));
  EXPECT_THAT(sharded({20, 30}, 10), ElementsAre(Sizes{20}, Sizes{30}));
}

TEST(Save, GoldensRoundTripWholeAndSharded) {
  VLRM_NEED_GOLDENS();
  for (const char* model : {"base", "vlm", "rm"}) {
    const CheckpointPtr source = open_checkpoint(goldens() / "models" / model);
    for (const int64_t limit : {int64_t{1} << 40, int64_t{300'000}, int64_t{50'000}}) {
      const TemporaryDirectory dir;
      save_checkpoint(*source, dir.path(), {.max_shard_bytes = limit}, nullptr);
      expect_equal(*open_checkpoint(dir.path()), *source);
    }
  }
}

TEST(Save, ShardsAndIndexAreHuggingFaces) {
  MemoryCheckpoint memory;
  for (const char* name : {"a", "b", "c"}) memory.add_float32(name, {5}, std::vector<float>(5, 1));
  const TemporaryDirectory dir;
  save_checkpoint(memory, dir.path(), {.max_shard_bytes = 40}, nullptr);
  EXPECT_EQ(read_text_or_throw(dir / "model.safetensors.index.json"), R"({
  "metadata": {
    "total_size": 60
  },
  "weight_map": {
    "a": "model-00001-of-00002.safetensors",
    "b": "model-00001-of-00002.safetensors",
    "c": "model-00002-of-00002.safetensors"
  }
}
)");
  EXPECT_EQ(read_safetensors_header(dir / "model-00002-of-00002.safetensors").metadata.at("format"), "pt");
  expect_equal(*open_checkpoint(dir.path()), memory);
}

// Every kind of tensor that the batches must get right: empty, scalar, small ones, exact chunks, several chunks.
MemoryCheckpoint mixed() {
  MemoryCheckpoint memory;
  memory.add("bool", Dtype::boolean, {3}, random_bytes(3, 1));
  memory.add("empty", Dtype::f32, {0, 4}, {});
  memory.add("long", Dtype::bf16, {300'007}, random_bytes(600'014, 2));
  memory.add("one_chunk", Dtype::f16, {256, 256}, random_bytes(131'072, 3));
  memory.add("scalar", Dtype::i64, {}, random_bytes(8, 4));
  memory.add("wide", Dtype::f64, {100'000}, random_bytes(800'000, 5));
  for (uint64_t i = 0; i < 600; ++i) memory.add(fmt::format("small{}", i), Dtype::u8, {7}, random_bytes(7, i));
  return memory;
}

// Written past the page cache, most of it: every offset of a page at which a tensor may begin, and sizes about whole
// pages and whole writes.
TEST(Save, LargeTensorsSurviveWhereverTheyBegin) {
  MemoryCheckpoint memory;
  uint64_t seed = 0;
  for (const int64_t size : {64 * 1024, 70'001, 4096, 1 << 20, (1 << 23) + 17, 3, 300'000, 65'536}) {
    memory.add(fmt::format("t{}", seed), Dtype::u8, {size}, random_bytes(static_cast<size_t>(size), seed));
    ++seed;
  }
  const TemporaryDirectory dir;
  save_checkpoint(memory, dir.path(), {}, nullptr);
  expect_equal(*open_checkpoint(dir.path()), memory);
}

TEST(Save, BytesDoNotDependOnThreads) {
  const MemoryCheckpoint memory = mixed();
  std::string first;
  for (const int threads : {1, 2, 7}) {
    set_thread_count(threads);
    const TemporaryDirectory dir;
    save_checkpoint(memory, dir.path(), {}, nullptr);
    set_thread_count(0);
    expect_equal(*open_checkpoint(dir.path()), memory);
    const std::string bytes = read_text_or_throw(dir / "model.safetensors");
    if (first.empty()) first = bytes;
    EXPECT_TRUE(bytes == first) << threads;
  }
}

TEST(Save, TensorsAreAlignedToTheirType) {
  const MemoryCheckpoint memory = mixed();
  const TemporaryDirectory dir;
  save_checkpoint(memory, dir.path(), {}, nullptr);
  for (const SafetensorsEntry& entry : read_safetensors_header(dir / "model.safetensors").entries)
    EXPECT_EQ(entry.offset % size_of(entry.info.dtype), 0) << entry.info.name;
}

TEST(Save, OpensEachTensorOnceAndFewAtATime) {
  const MemoryCheckpoint memory = mixed();
  const TemporaryDirectory dir;
  save_checkpoint(memory, dir.path(), {}, nullptr);
  EXPECT_EQ(memory.opened.size(), memory.tensors().size());
  for (const auto& [name, count] : memory.opened) EXPECT_EQ(count, 1) << name;
  EXPECT_LE(memory.most_open, 64 + 1);  // a chunk each, and the empty one
  EXPECT_EQ(memory.open_now, 0);
}

// Opening may itself be work for all threads, so it must not happen inside a parallel_for.
TEST(Save, OpensOutsideParallelFor) {
  class OpensInParallel : public MemoryCheckpoint {
   public:
    std::unique_ptr<TensorReader> prepare(std::string_view name) const override {
      EXPECT_EQ(std::this_thread::get_id(), caller_);
      return MemoryCheckpoint::prepare(name);
    }

   private:
    const std::thread::id caller_ = std::this_thread::get_id();
  } checkpoint;
  for (int i = 0; i < 20; ++i)
    checkpoint.add(fmt::format("t{}", i), Dtype::u8, {1'000'000}, std::vector<std::byte>(1'000'000));
  discard_checkpoint(checkpoint, nullptr);
  EXPECT_EQ(checkpoint.opened.size(), 20U);
}

TEST(Save, TellsWhatIsNotFinite) {
  const float infinity = std::numeric_limits<float>::infinity();
  const auto add = [](MemoryCheckpoint& memory, const std::string& name, Dtype dtype, std::vector<float> values) {
    std::vector<std::byte> bytes(values.size() * static_cast<size_t>(size_of(dtype)));
    from_float32(values, dtype, bytes.data());
    memory.add(name, dtype, {static_cast<int64_t>(values.size())}, std::move(bytes));
  };
  MemoryCheckpoint memory;
  add(memory, "a", Dtype::bf16, {1, infinity, std::nanf("")});
  add(memory, "b", Dtype::f16, {65504, 65520, -1e30F, 0});
  add(memory, "c", Dtype::f32, {std::numeric_limits<float>::max(), 0, -0.0F});
  std::vector<float> large(3'000'000, 1);
  large[1] = large[2'999'999] = -infinity;
  add(memory, "d", Dtype::f32, large);
  memory.add("e", Dtype::i16, {2}, std::vector<std::byte>(4, std::byte{0x7F}));
  const NotFinite expected{{"a", 2}, {"b", 2}, {"d", 2}};
  EXPECT_EQ(discard_checkpoint(memory, nullptr), expected);
  const TemporaryDirectory dir;
  EXPECT_EQ(save_checkpoint(memory, dir.path(), {.max_shard_bytes = 1000}, nullptr), expected);
}

TEST(Save, AnErrorOfTheSourceComesOut) {
  const TemporaryDirectory dir;
  MemoryCheckpoint memory;
  memory.add("t", Dtype::u8, {4}, std::vector<std::byte>(4));
  save_checkpoint(memory, dir.path(), {}, nullptr);
  const CheckpointPtr source = open_checkpoint(dir.path());
  fs::resize_file(dir / "model.safetensors", fs::file_size(dir / "model.safetensors") - 1);
  const TemporaryDirectory out;
  EXPECT_THAT(error_of([&] { save_checkpoint(*source, out.path(), {}, nullptr); }), HasSubstr("truncated"));
  EXPECT_THAT(error_of([&] { discard_checkpoint(*source, nullptr); }), HasSubstr("truncated"));
}

// Else a run that is killed before it has written the file again would leave one of the right size for the next.
TEST(Save, WhatAJournalSaysOfAFileThatIsGoneIsForgottenBeforeTheFileIsMade) {
  MemoryCheckpoint memory;
  for (const char* name : {"a", "b", "c"}) memory.add_float32(name, {5}, std::vector<float>(5, 1));
  const TemporaryDirectory dir;
  std::optional<SaveJournal> journal(std::in_place, dir / "journal", "me");
  const auto save = [&](const Checkpoint& checkpoint) {
    save_checkpoint(checkpoint, dir.path(), {.max_shard_bytes = 40, .journal = &*journal}, nullptr);
  };
  save(memory);
  fs::resize_file(dir / "model-00001-of-00002.safetensors", 100);
  class Unreadable : public MemoryCheckpoint {
   public:
    std::unique_ptr<TensorReader> prepare(std::string_view) const override { fail("unreadable"); }
  } unreadable;
  for (const char* name : {"a", "b", "c"}) unreadable.add_float32(name, {5}, std::vector<float>(5, 1));
  journal.emplace(dir / "journal", "me");
  EXPECT_EQ(error_of([&] { save(unreadable); }), "unreadable");
  EXPECT_GT(fs::file_size(dir / "model-00001-of-00002.safetensors"), 100U);
  journal.emplace(dir / "journal", "me");
  EXPECT_EQ(journal->find("a"), nullptr);
  EXPECT_EQ(journal->find("b"), nullptr);
  EXPECT_NE(journal->find("c"), nullptr);
  save(memory);
  expect_equal(*open_checkpoint(dir.path()), memory);
  EXPECT_NE(journal->find("a"), nullptr);
}

TEST(Save, AFullDiskIsToldAtOnce) {
  class Huge : public MemoryCheckpoint {
   public:
    const std::vector<TensorInfo>& tensors() const override { return tensors_; }
    std::unique_ptr<TensorReader> prepare(std::string_view) const override {
      ADD_FAILURE() << "work began";
      return nullptr;
    }

   private:
    const std::vector<TensorInfo> tensors_{{"t", Dtype::u8, {int64_t{1} << 60}}};
  } huge;
  const TemporaryDirectory dir;
  EXPECT_THAT(error_of([&] { save_checkpoint(huge, dir.path(), {}, nullptr); }),
              HasSubstr("model.safetensors: cannot be made 1152921504606851072 bytes long"));
  EXPECT_THAT(error_of([&] { save_checkpoint(huge, dir / "none", {}, nullptr); }), HasSubstr("cannot be created"));
}

TEST(ParseSize, UnderstandsHuggingFacesUnits) {
  EXPECT_EQ(parse_size_or_throw("5GB"), 5'000'000'000);
  EXPECT_EQ(parse_size_or_throw("500MB"), 500'000'000);
  EXPECT_EQ(parse_size_or_throw("1GiB"), int64_t{1} << 30);
  EXPECT_EQ(parse_size_or_throw("1.5kb"), 1500);
  EXPECT_EQ(parse_size_or_throw("123"), 123);
  for (const char* text : {"", "GB", "5 GB", "-5GB", "0", "5XB", "5GBB", "1e3", "inf", "99999999999TB", "nan"})
    EXPECT_THAT(error_of([&] { parse_size_or_throw(text); }), HasSubstr("is not a size")) << text;
}

}  // namespace
}  // namespace vlrm::testing
