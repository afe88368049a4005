#include "weights/checkpoint.h"

#include <bit>

#include "weights/safetensors.h"
#include "weights_support.h"

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

namespace vlrm::testing {
namespace {

void write_bytes_tensor(const fs::path& path, const std::vector<std::string>& names) {
  std::vector<TensorInfo> tensors;
  for (const std::string& name : names) tensors.push_back({name, Dtype::u8, {1}});
  write_text(path, lay_out_safetensors(tensors, {}).header + std::string(names.size(), 'x'));
}

// An index over shard "1" with tensor a and shard "2" with tensors b and c, unless a test changes them.
class Index : public ::testing::Test {
 protected:
  Index() {
    write_bytes_tensor(dir / "1", {"a"});
    write_bytes_tensor(dir / "2", {"b", "c"});
  }
  std::string error_for(const std::string& index) {
    write_text(dir / "model.safetensors.index.json", index);
    std::string error = error_of([&] { open_checkpoint(dir.path()); });
    EXPECT_THAT(error, HasSubstr(dir.path().string()));
    return error;
  }
  const TemporaryDirectory dir;
};

TEST_F(Index, PutsTheShardsTogether) {
  write_text(dir / "model.safetensors.index.json", R"({"metadata":{},"weight_map":{"c":"2","a":"1","b":"2"}})");
  const CheckpointPtr checkpoint = open_checkpoint(dir.path());
  ASSERT_EQ(checkpoint->tensors().size(), 3U);
  EXPECT_EQ(checkpoint->tensors()[2].name, "c");
  EXPECT_EQ(bytes_of(*checkpoint, *checkpoint->find("b")).size(), 1U);
  EXPECT_EQ(checkpoint->description(), dir.path().string());
}

TEST_F(Index, ShardsMayBeLinksIntoAHubCache) {
  fs::rename(dir / "1", dir / "blob");
  fs::create_symlink("blob", dir / "1");
  write_text(dir / "model.safetensors.index.json", R"({"weight_map":{"c":"2","a":"1","b":"2"}})");
  EXPECT_EQ(open_checkpoint(dir.path())->tensors().size(), 3U);
}

// Shards "s0" to "s39", more than are open at a time, with a tensor each.
CheckpointPtr open_many(const TemporaryDirectory& dir) {
  Json map = Json::object();
  for (int i = 0; i < 40; ++i) {
    const std::string number = std::to_string(i);
    write_bytes_tensor(dir / ("s" + number), {"t" + number});
    map["t" + number] = "s" + number;
  }
  write_text(dir / "model.safetensors.index.json", Json{{"weight_map", map}}.dump());
  return open_checkpoint(dir.path());
}

TEST_F(Index, ManyShardsAreOpenedAgain) {
  const CheckpointPtr checkpoint = open_many(dir);
  const auto open_files = std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator());
  EXPECT_LT(open_files, 50);
  for (int round = 0; round < 2; ++round)
    for (const TensorInfo& tensor : checkpoint->tensors())
      EXPECT_EQ(bytes_of(*checkpoint, tensor), std::vector<std::byte>{std::byte{'x'}});
}

TEST_F(Index, AShardThatChangedInBetweenIsRefused) {
  const CheckpointPtr checkpoint = open_many(dir);
  fs::remove(dir / "s0");
  write_bytes_tensor(dir / "s0", {"t0"});
  EXPECT_THAT(error_of([&] { bytes_of(*checkpoint, *checkpoint->find("t0")); }),
              AllOf(HasSubstr("s0"), HasSubstr("has changed since it was opened")));
}

TEST_F(Index, RefusesPathsThatLeaveTheDirectory) {
  for (const char* path : {"../1", "/etc/passwd", "x/../../1", "", "..", "1\\u0000"})
    EXPECT_THAT(error_for(std::string(R"({"weight_map":{"a":")") + path + "\"}}"),
                HasSubstr("is not a file name inside"))
        << path;
}

TEST_F(Index, RefusesWhatDoesNotFitTheShards) {
  EXPECT_THAT(error_for(R"({"weight_map":{"a":"2","b":"2","c":"2"}})"), HasSubstr("tensor a is not in 2"));
  EXPECT_THAT(error_for(R"({"weight_map":{"a":"1","b":"2"}})"), HasSubstr("2: tensor c is not in the index"));
  EXPECT_THAT(error_for(R"({"weight_map":{"a":"3"}})"),
              HasSubstr("3: is not there, but model.safetensors.index.json names it"));
  EXPECT_THAT(error_for(R"({"weight_map":{"a":")" + std::string(300, 'a') + R"("}})"), HasSubstr("File name too long"));
  EXPECT_THAT(error_for(R"({"metadata":{"a":1},"weight_map":{"a":"1","b":"2","a":"2"}})"),
              HasSubstr("index.json: a stands there a second time"));
  write_bytes_tensor(dir / "1", {"a", "b"});
  EXPECT_THAT(error_for(R"({"weight_map":{"a":"1","b":"2","c":"2"}})"),
              HasSubstr("1: tensor b comes twice: the index has it in 2"));
}

TEST_F(Index, RefusesWhatIsNoIndex) {
  EXPECT_THAT(error_for("{"), HasSubstr("not valid JSON"));
  EXPECT_THAT(error_for("{}"), HasSubstr("\"weight_map\" is missing"));
  EXPECT_THAT(error_for("[]"), HasSubstr("\"weight_map\" is missing"));
  EXPECT_THAT(error_for(R"({"weight_map":[]})"), HasSubstr("\"weight_map\" is not an object"));
  EXPECT_THAT(error_for(R"({"weight_map":{"a":1}})"), HasSubstr("shard of tensor a is not a string"));
}

TEST(OpenCheckpoint, SaysWhatIsThereInstead) {
  const TemporaryDirectory dir;
  EXPECT_THAT(error_of([&] { open_checkpoint(dir.path()); }), HasSubstr("holds neither model.safetensors nor"));
  EXPECT_THAT(error_of([&] { open_checkpoint(dir / "none"); }), HasSubstr("not a directory"));
  write_text(dir / "pytorch_model.bin", "");
  EXPECT_THAT(error_of([&] { open_checkpoint(dir.path()); }), HasSubstr("pickled weights"));
  const auto shard = dir / "o'shards";
  std::filesystem::create_directory(shard);
  write_text(shard / "pytorch_model-00001-of-00002.bin", "");
  EXPECT_THAT(error_of([&] { open_checkpoint(shard); }), HasSubstr("/o'\\''shards'"));
}

TEST(OpenCheckpoint, TheSingleFileWins) {
  const TemporaryDirectory dir;
  write_bytes_tensor(dir / "model.safetensors", {"single"});
  write_text(dir / "model.safetensors.index.json", "not even JSON");
  EXPECT_NE(open_checkpoint(dir.path())->find("single"), nullptr);
}

TEST(ReadFloat32, ConvertsAllChunksAndRefusesIntegers) {
  MemoryCheckpoint memory;
  constexpr int64_t kCount = 200'001;  // several chunks and a rest
  std::vector<uint16_t> bits(kCount);
  for (size_t i = 0; i < bits.size(); ++i) bits[i] = static_cast<uint16_t>(i % 0x7F80);
  const auto bytes = std::as_bytes(std::span(bits));
  memory.add("t", Dtype::bf16, {3, kCount / 3}, {bytes.begin(), bytes.end()});
  memory.add("n", Dtype::i64, {1}, std::vector<std::byte>(8));
  const std::vector<float> values = read_all_float32(memory, "t");
  for (size_t i = 0; i < bits.size(); ++i) ASSERT_EQ(std::bit_cast<uint32_t>(values[i]), uint32_t{bits[i]} << 16);
  std::vector<float> part(100'000);
  memory.prepare("t")->read_float32(70'000, 100'000, part.data());
  EXPECT_TRUE(std::equal(part.begin(), part.end(), values.begin() + 70'000));
  EXPECT_THAT(error_of([&] { read_all_float32(memory, "n"); }), HasSubstr("tensor n: I64 values"));
  EXPECT_THAT(error_of([&] { read_all_float32(memory, "x"); }), HasSubstr("memory: there is no tensor x"));
}

TEST(ShapeString, IsForPeople) {
  EXPECT_EQ(shape_string({}), "[]");
  EXPECT_EQ(shape_string({4096, 64}), "[4096, 64]");
}

}  // namespace
}  // namespace vlrm::testing
