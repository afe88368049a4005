#include "weights/safetensors.h"

#include <random>

#include "weights_support.h"

using ::testing::ElementsAre;
using ::testing::HasSubstr;

namespace vlrm::testing {
namespace {

struct Malformed {
  const char* name;
  std::string header, data, error;
};

std::string tensor(const std::string& dtype, const std::string& shape, const std::string& offsets) {
  return R"({"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}";
}

const std::string kFour(4, 'x');

const Malformed kMalformed[] = {
    {"Empty", "", "", "does not begin with {"},
    {"NotAnObject", "[]", "", "does not begin with {"},
    {"LeadingSpace", " {}", "", "does not begin with {"},
    {"BrokenJson", R"({"a")", "", "not valid JSON at byte"},
    {"TextAfterTheObject", "{} x", "", "not valid JSON at byte"},
    {"BrokenUtf8", "{\"\xff\":1}", "", "not valid JSON at byte"},
    {"NumberOutOfRange", R"({"a":1e999})", "", "not valid JSON"},
    {"TensorIsANumber", R"({"a":1})", "", "tensor a is not an object"},
    {"TensorIsAList", R"({"a":[]})", "", "tensor a is not an object"},
    {"TooDeep", R"({"a":{"shape":[[[1]]]}})", "", "nests too deep at tensor a"},
    {"MetadataIsAList", R"({"__metadata__":[]})", "", "__metadata__ is not an object"},
    {"MetadataOfNumbers", R"({"__metadata__":{"a":1}})", "", "value that is no string: a"},
    {"TwiceTheSameTensor", R"({"a":)" + tensor("U8", "[4]", "[0,4]") + R"(,"a":)" + tensor("U8", "[4]", "[0,4]") + "}",
     kFour, "tensor a comes twice"},
    {"TwiceTheSameField", R"({"a":{"dtype":"U8","dtype":"U8","shape":[4],"data_offsets":[0,4]}})", kFour,
     "same field twice"},
    {"NoDtype", R"({"a":{"shape":[4],"data_offsets":[0,4]}})", kFour, "tensor a: the field \"dtype\" is missing"},
    {"NoShape", R"({"a":{"dtype":"U8","data_offsets":[0,4]}})", kFour, "\"shape\" is missing"},
    {"NoOffsets", R"({"a":{"dtype":"U8","shape":[4]}})", kFour, "\"data_offsets\" is missing"},
    {"UnknownDtype", R"({"a":)" + tensor("F128", "[4]", "[0,4]") + "}", kFour, "dtype F128 is not supported"},
    {"DtypeIsANumber", R"({"a":{"dtype":4,"shape":[4],"data_offsets":[0,4]}})", kFour, "does not fit: 4"},
    {"ShapeOfFractions", R"({"a":)" + tensor("U8", "[1.5]", "[0,4]") + "}", kFour, "does not fit: [1.5]"},
    {"NegativeDimension", R"({"a":)" + tensor("U8", "[-4]", "[0,4]") + "}", kFour, "negative dimension"},
    {"TooManyDimensions", R"({"a":)" + tensor("U8", "[4" + std::string(200, ',') + "1]", "[0,4]") + "}", kFour,
     "not valid JSON"},
    {"ElementsOverflow", R"({"a":)" + tensor("U8", "[4294967296,4294967296]", "[0,0]") + "}", "",
     "more elements than can be counted"},
    {"BytesOverflow", R"({"a":)" + tensor("F64", "[2305843009213693952]", "[0,0]") + "}", "",
     "more bytes than can be counted"},
    {"DimensionPast64Bits", R"({"a":)" + tensor("U8", "[18446744073709551616]", "[0,0]") + "}", "", "does not fit"},
    {"OneOffset", R"({"a":)" + tensor("U8", "[4]", "[0]") + "}", kFour, "not a begin and an end"},
    {"OffsetsBackwards", R"({"a":)" + tensor("U8", "[4]", "[4,0]") + "}", kFour, "not a begin and an end"},
    {"NegativeOffset", R"({"a":)" + tensor("U8", "[4]", "[-4,0]") + "}", kFour, "not a begin and an end"},
    {"OffsetsDoNotFitShape", R"({"a":)" + tensor("F32", "[4]", "[0,4]") + "}", kFour,
     "hold 4 bytes, but F32 [4] needs 16"},
    {"PastTheEnd", R"({"a":)" + tensor("U8", "[8]", "[0,8]") + "}", kFour, "tensor a ends past the end"},
    {"FarPastTheEnd", R"({"a":)" + tensor("U8", "[9223372036854775807]", "[0,9223372036854775807]") + "}", kFour,
     "ends past the end"},
    {"HoleAtTheStart", R"({"a":)" + tensor("U8", "[2]", "[2,4]") + "}", kFour, "2 bytes before tensor a belong to no"},
    {"HoleBetween", R"({"a":)" + tensor("U8", "[1]", "[0,1]") + R"(,"b":)" + tensor("U8", "[1]", "[3,4]") + "}", kFour,
     "2 bytes before tensor b"},
    {"Overlap", R"({"a":)" + tensor("U8", "[3]", "[0,3]") + R"(,"b":)" + tensor("U8", "[2]", "[2,4]") + "}", kFour,
     "tensor b overlaps"},
    {"Leftover", R"({"a":)" + tensor("U8", "[2]", "[0,2]") + "}", kFour, "2 bytes after the last tensor"},
    {"ControlsInTheName", "{\"a\\n\\u001b[31m\":1}", "", "a\\x0a\\x1b[31m is not an object"},
};

class MalformedFile : public ::testing::TestWithParam<Malformed> {};
INSTANTIATE_TEST_SUITE_P(Rules, MalformedFile, ::testing::ValuesIn(kMalformed),
                         [](const auto& test) { return std::string(test.param.name); });

TEST_P(MalformedFile, NamesFileAndRule) {
  const TemporaryDirectory dir;
  write_safetensors(dir / "bad.safetensors", GetParam().header, GetParam().data);
  const std::string error = error_of([&] { open_safetensors_file(dir / "bad.safetensors"); });
  EXPECT_THAT(error, HasSubstr("bad.safetensors: "));
  EXPECT_THAT(error, HasSubstr(GetParam().error));
}

TEST(Safetensors, LengthMustBeWithinTheFile) {
  const TemporaryDirectory dir;
  const auto error_for = [&](std::string_view bytes) {
    write_text(dir / "f", bytes);
    return error_of([&] { read_safetensors_header(dir / "f"); });
  };
  EXPECT_THAT(error_for("1234567"), HasSubstr("7 bytes are too few"));
  EXPECT_THAT(error_for(std::string_view("\x03\0\0\0\0\0\0\0{}", 10)), HasSubstr("3 bytes, but the file ends 2 bytes"));
  EXPECT_THAT(error_for("\xff\xff\xff\xff\xff\xff\xff\xff{}"), HasSubstr("more than the format's 100000000"));
  EXPECT_THAT(error_for("<!DOCTYPE html>"), HasSubstr("not a safetensors file"));
}

TEST(Safetensors, ListsLongerThanAnyShapeAreRefusedWhileReading) {
  std::string shape = "[1";
  for (int i = 0; i < 1000; ++i) shape += ",1";
  const TemporaryDirectory dir;
  write_safetensors(dir / "f", R"({"a":)" + tensor("U8", shape + "]", "[0,1]") + "}", "x");
  EXPECT_THAT(error_of([&] { open_safetensors_file(dir / "f"); }), HasSubstr("list that is too long"));
}

TEST(Safetensors, ReadsWhatTheFormatAllows) {
  const TemporaryDirectory dir;
  // Any order, empty tensors, a scalar, an odd start of the data, padding, fields of a later version.
  const std::string header = R"({"z":)" + tensor("U8", "[3]", "[0,3]") + R"(,"empty":)" +
                             tensor("F32", "[0,7]", "[3,3]") +
                             R"(,"a/é":{"shape":[],"dtype":"I16","data_offsets":[3,5],"later":{"x":true}})" +
                             R"(,"__metadata__":{"format":"pt"}}   )";
  write_safetensors(dir / "f", header, "abcde");
  const SafetensorsHeader read = read_safetensors_header(dir / "f");
  EXPECT_EQ(read.metadata.at("format"), "pt");
  EXPECT_EQ(read.data_start, 8 + static_cast<int64_t>(header.size()));
  const CheckpointPtr file = open_safetensors_file(dir / "f");
  std::vector<std::string> names;
  for (const TensorInfo& info : file->tensors()) names.push_back(info.name);
  EXPECT_THAT(names, ElementsAre("a/é", "empty", "z"));
  EXPECT_EQ(file->find("empty")->elements(), 0);
  EXPECT_EQ(file->find("a/é")->elements(), 1);
  std::string z(2, ' ');
  file->prepare("z")->read(1, 2, reinterpret_cast<std::byte*>(z.data()));
  EXPECT_EQ(z, "bc");
  EXPECT_EQ(file->find("y"), nullptr);
  EXPECT_THAT(error_of([&] { file->info_or_throw("y"); }), HasSubstr("/f: there is no tensor y"));
}

TEST(Safetensors, EmptyFile) {
  const TemporaryDirectory dir;
  write_safetensors(dir / "f", "{}", "");
  EXPECT_TRUE(open_safetensors_file(dir / "f")->tensors().empty());
}

TEST(Safetensors, TruncatedUnderUsIsAnError) {
  const TemporaryDirectory dir;
  write_safetensors(dir / "f", R"({"a":)" + tensor("U8", "[4]", "[0,4]") + "}", kFour);
  const CheckpointPtr file = open_safetensors_file(dir / "f");
  std::filesystem::resize_file(dir / "f", 20);
  std::byte bytes[4];
  EXPECT_THAT(error_of([&] { file->prepare("a")->read(0, 4, bytes); }), HasSubstr("the file is truncated"));
}

TEST(Safetensors, LayoutIsWhatIsRead) {
  const std::vector<TensorInfo> tensors{
      {"b", Dtype::bf16, {2, 3}}, {"quote\"\\\n", Dtype::u8, {}}, {"a", Dtype::i64, {1}}};
  const SafetensorsLayout layout = lay_out_safetensors(tensors, {{"format", "pt"}, {"é", "\"\n"}});
  EXPECT_EQ(layout.header.size() % 8, 0U);
  EXPECT_EQ(layout.file_size, static_cast<int64_t>(layout.header.size()) + 12 + 1 + 8);
  const TemporaryDirectory dir;
  write_text(dir / "f", layout.header + std::string(21, '\0'));
  const SafetensorsHeader read = read_safetensors_header(dir / "f");
  EXPECT_EQ(read.metadata.at("é"), "\"\n");
  ASSERT_EQ(read.entries.size(), 3U);
  EXPECT_EQ(read.entries[0].info.name, "a");
  EXPECT_EQ(read.entries[0].offset, layout.offsets[2]);
  EXPECT_EQ(read.entries[1].info.shape, tensors[0].shape);
  EXPECT_EQ(read.entries[1].offset, layout.offsets[0]);
  EXPECT_EQ(read.entries[2].info.dtype, Dtype::u8);
}

// Whatever a stranger changes: a checkpoint or one line, never another exception.
TEST(Safetensors, AnyMutationGivesACheckpointOrAnError) {
  const TemporaryDirectory dir;
  const SafetensorsLayout layout =
      lay_out_safetensors({{"a", Dtype::f32, {2, 2}}, {"b", Dtype::bf16, {3}}}, {{"format", "pt"}});
  const std::string original = layout.header + std::string(22, '\1');
  std::mt19937 generator(7);
  const std::string alphabet = "{}[]\",:0123456789-.eE \\abFU\x80\xff";
  for (int round = 0; round < 3000; ++round) {
    std::string bytes = original;
    for (uint32_t i = generator() % 4 + 1; i > 0; --i) {
      const size_t place = generator() % bytes.size();
      switch (generator() % 3) {
        case 0:
          bytes[place] = alphabet[generator() % alphabet.size()];
          break;
        case 1:
          bytes.erase(place, generator() % 5);
          break;
        default:
          bytes.insert(place, 1, alphabet[generator() % alphabet.size()]);
      }
    }
    std::filesystem::remove(dir / "f");  // writing over a file is slow: it is flushed to disk
    write_text(dir / "f", bytes);
    try {
      const CheckpointPtr file = open_safetensors_file(dir / "f");
      for (const TensorInfo& info : file->tensors()) bytes_of(*file, info);
    } catch (const Error&) {
    }
  }
}

}  // namespace
}  // namespace vlrm::testing
