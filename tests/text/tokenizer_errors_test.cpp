// What a stranger's tokenizer.json can have wrong: each ends in one line that names the file and the part.
#include <gmock/gmock.h>

#include "support/support.h"
#include "text/tokenizer.h"

namespace vlrm {
namespace {

using testing::error_of;
using ::testing::HasSubstr;

// A small tokenizer: the letters a to e, "ab" and "abc", split by white space.
Json small() {
  return parse_json_or_throw(R"json({
    "version": "1.0", "normalizer": null,
    "added_tokens": [{"id": 7, "content": "<s>", "special": true, "normalized": false,
                      "lstrip": false, "rstrip": false, "single_word": false}],
    "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
      {"type": "Split", "pattern": {"Regex": "\\s+"}, "behavior": "Isolated", "invert": false},
      {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false}]},
    "post_processor": {"type": "TemplateProcessing",
      "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
      "pair": [], "special_tokens": {"<s>": {"id": "<s>", "ids": [7], "tokens": ["<s>"]}}},
    "decoder": {"type": "ByteLevel"},
    "model": {"type": "BPE", "dropout": null, "unk_token": null, "ignore_merges": false,
      "vocab": {"a": 0, "b": 1, "c": 2, "d": 3, "e": 4, "ab": 5, "abc": 6},
      "merges": ["a b", ["ab", "c"]]}
  })json",
                             "small");
}

Tokenizer load(const Json& file) {
  return Tokenizer::from_json(file.dump(), "tokenizer.json");
}

struct Mistake {
  const char* where;  // a JSON pointer
  const char* value;
  const char* message;
};

void PrintTo(const Mistake& mistake, std::ostream* out) {
  *out << mistake.where << " = " << mistake.value;
}

class MistakeTest : public ::testing::TestWithParam<Mistake> {};

TEST_P(MistakeTest, IsOneClearLine) {
  Json file = small();
  file[Json::json_pointer(GetParam().where)] = parse_json_or_throw(GetParam().value, "value");
  const std::string line = error_of([&] { load(file); });
  EXPECT_THAT(line, HasSubstr("tokenizer.json"));
  EXPECT_THAT(line, HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    Tokenizer, MistakeTest,
    ::testing::Values(
        Mistake{"", "[]", "not a JSON object"}, Mistake{"/model", "null", "no \"vocab\""},
        Mistake{"/model", "[1]", "no \"vocab\""}, Mistake{"/model/type", "\"Unigram\"", "\"Unigram\" is not supported"},
        Mistake{"/model/type", "7", "\"type\""}, Mistake{"/model/vocab", "[\"a\"]", "no \"vocab\""},
        Mistake{"/model/vocab/a", "-1", "\"a\" has an id"}, Mistake{"/model/vocab/a", "4294967296", "\"a\" has an id"},
        Mistake{"/model/vocab/a", "2000000000", "\"a\" has an id"}, Mistake{"/model/vocab/a", "0.5", "\"a\" has an id"},
        Mistake{"/model/vocab/a", "\"0\"", "\"a\" has an id"}, Mistake{"/model/vocab/a", "1", "share the id 1"},
        Mistake{"/model/merges", "{}", "no \"merges\""}, Mistake{"/model/merges/0", "\"ab\"", "merge 0"},
        Mistake{"/model/merges/0", "\"a b c\"", "merge 0"}, Mistake{"/model/merges/1", "[\"a\"]", "merge 1"},
        Mistake{"/model/merges/1", "[1, 2]", "merge 1"}, Mistake{"/model/merges/1", "\"a z\"", "not in the vocabulary"},
        Mistake{"/model/merges/1", "\"c d\"", "not in the vocabulary"},
        Mistake{"/model/dropout", "0.1", "dropout is not supported"},
        Mistake{"/model/unk_token", "\"<unk>\"", "unk_token \"<unk>\""},
        Mistake{"/model/end_of_word_suffix", "\"</w>\"", "end_of_word_suffix"},
        Mistake{"/model/continuing_subword_prefix", "\"##\"", "continuing_subword_prefix"},
        Mistake{"/model/ignore_merges", "1", "ignore_merges"}, Mistake{"/added_tokens", "{}", "\"added_tokens\""},
        Mistake{"/added_tokens/0", "7", "\"content\" is missing"},
        Mistake{"/added_tokens/0/content", "7", "\"content\""}, Mistake{"/added_tokens/0/id", "-1", "has the id -1"},
        Mistake{"/added_tokens/0/id", "99999999999", "has the id 99999999999"},
        Mistake{"/added_tokens/0/special", "\"yes\"", "\"special\""},
        Mistake{"/added_tokens/1", R"({"id": 7, "content": "<s>"})", "\"<s>\" is added twice"},
        Mistake{"/normalizer", R"({"type": "Precompiled"})", "normalizer \"Precompiled\" is not supported"},
        Mistake{"/normalizer", R"({"type": "Sequence"})", "\"normalizers\" is missing"},
        Mistake{"/normalizer", R"({"type": "Replace", "pattern": "a", "content": ""})", "\"String\" is missing"},
        Mistake{"/normalizer", "7", "\"type\" is missing"},
        Mistake{"/pre_tokenizer", R"({"type": "BertPreTokenizer"})", "\"BertPreTokenizer\" is not supported"},
        Mistake{"/pre_tokenizer", R"({"type": "Metaspace"})", "\"replacement\" is missing"},
        Mistake{"/pre_tokenizer", R"({"type": "Metaspace", "replacement": "ab"})", "not one character"},
        Mistake{"/pre_tokenizer", R"({"type": "Metaspace", "replacement": "_", "prepend_scheme": "last"})",
                "prepend_scheme \"last\" of a Metaspace is unknown"},
        Mistake{"/pre_tokenizer",
                R"({"type": "Metaspace", "replacement": "_", "prepend_scheme": "first", "add_prefix_space": false})",
                "exclude each other"},
        Mistake{"/decoder", R"({"type": "Metaspace", "replacement": ""})", "not one character"},
        Mistake{"/pre_tokenizer/pretokenizers", "7", "\"pretokenizers\""},
        Mistake{"/pre_tokenizer/pretokenizers/0/behavior", "\"Sideways\"", "\"Sideways\" is unknown"},
        Mistake{"/pre_tokenizer/pretokenizers/1/add_prefix_space", "null", "add_prefix_space"},
        Mistake{"/post_processor", R"({"type": "BertProcessing"})", "\"BertProcessing\" is not supported"},
        Mistake{"/post_processor/single/0/SpecialToken/id", "\"<x>\"", "\"<x>\" is not among"},
        Mistake{"/post_processor/single/1/Sequence/id", "\"B\"", "uses a second one"},
        Mistake{"/post_processor/special_tokens/<s>/ids/0", "8", "the id 8, which has no token"},
        Mistake{"/decoder", R"({"type": "WordPiece"})", "decoder \"WordPiece\" is not supported"},
        Mistake{"/decoder", R"({"type": "Strip", "content": "ab", "start": 1, "stop": 0})", "not one character"},
        Mistake{"/decoder", R"({"type": "Strip", "content": "a", "start": -1, "stop": 0})", "\"start\""}));

class PatternMistakeTest : public ::testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(PatternMistakeTest, IsOneClearLine) {
  Json file = small();
  file["/pre_tokenizer/pretokenizers/0/pattern/Regex"_json_pointer] = GetParam().first;
  const std::string line = error_of([&] { load(file); });
  EXPECT_THAT(line, HasSubstr("tokenizer.json"));
  EXPECT_THAT(line, HasSubstr(GetParam().second));
}

INSTANTIATE_TEST_SUITE_P(
    Tokenizer, PatternMistakeTest,
    ::testing::Values(std::pair("(a", "a group without"), std::pair("a)", "an unmatched"), std::pair("[a", "a class"),
                      std::pair("*a", "a repetition of nothing"), std::pair("[a[b]", "a class without"),
                      std::pair("[a-[b]]", "a range that ends in a class"), std::pair("[b-a]", "a range"),
                      std::pair("(?i:[a-c&&b])", "an intersection of classes under the option i"),
                      std::pair("(?i)[a[^b]]", "a negated class within a class under the option i"),
                      std::pair("(?i)[[:upper:]]", "capitals or small letters within a class under the option i"),
                      std::pair("[[:klingon:]]", "a POSIX bracket of an unknown name"),
                      std::pair("\\1", "a reference to an unknown group"),
                      std::pair("(a)\\k<b>", "a reference to an unknown group"),
                      std::pair("(a)\\k<-2>", "a reference to an unknown group"), std::pair("\\q", "an escape"),
                      std::pair("\\777", "a character code"), std::pair("\\", "an unfinished part"),
                      std::pair("\\p{L", "an unfinished part"), std::pair("\\p{Klingon}", "is not supported"),
                      std::pair("\\p{}", "is not supported"), std::pair("\\p{L}\\p{L*}", "a property"),
                      std::pair("\\xff", "a character code"), std::pair("\\x{110000}", "a character code"),
                      std::pair("\\ud800", "a character code"), std::pair("(?W)a", "an option"),
                      std::pair("a{99999}", "is not supported"), std::pair("(?<=a+)b", "is not supported"),
                      std::pair("(?<name", "an unfinished part")));

TEST(Tokenizer, SmallOneWorks) {
  const auto tokenizer = load(small());
  EXPECT_EQ(tokenizer.encode("abcab<s>d", true), (std::vector<int32_t>{7, 6, 5, 7, 3}));
  EXPECT_EQ(tokenizer.encode("", true), (std::vector<int32_t>{7}));
  EXPECT_EQ(tokenizer.decode(std::vector<int32_t>{7, 6, 5}, true), "abcab");
  EXPECT_EQ(tokenizer.size(), 8);
  EXPECT_EQ(tokenizer.id_of("ab"), 5);
  EXPECT_EQ(tokenizer.id_of("<s>"), 7);
  EXPECT_EQ(tokenizer.id_of("ba"), std::nullopt);
}

TEST(Tokenizer, RefusesWhatIsNoText) {
  const auto tokenizer = load(small());
  EXPECT_THAT(error_of([&] { tokenizer.encode("ab\xC0\x80", false); }), HasSubstr("not valid UTF-8 at byte 2"));
  EXPECT_THAT(error_of([&] { tokenizer.encode("\xED\xA0\x80", false); }), HasSubstr("not valid UTF-8 at byte 0"));
  EXPECT_THAT(error_of([&] { tokenizer.encode("a\xF0\x9F\x98", false); }), HasSubstr("not valid UTF-8 at byte 1"));
  EXPECT_THAT(error_of([&] { tokenizer.decode(std::vector<int32_t>{8}, false); }), HasSubstr("the id 8 has no token"));
  EXPECT_THAT(error_of([&] { tokenizer.decode(std::vector<int32_t>{-1}, false); }),
              HasSubstr("the id -1 has no token"));
}

TEST(Tokenizer, RefusesAFirstMetaspaceWhereTheStartMayBeGone) {
  Json file = small();
  file["pre_tokenizer"] = {{"type", "Metaspace"}, {"replacement", "_"}, {"prepend_scheme", "first"}};
  EXPECT_NO_THROW(load(file));
  const Json strip = {{"type", "Strip"}, {"strip_left", true}, {"strip_right", false}};
  const Json removal = {{"type", "Replace"}, {"pattern", {{"String", "a"}}}, {"content", ""}};
  for (const Json& normalizer : {strip, removal}) {
    file["normalizer"] = normalizer;
    EXPECT_THAT(error_of([&] { load(file); }), HasSubstr("not supported after a normalizer that removes text"));
  }
}

TEST(Tokenizer, RefusesDeepNesting) {
  Json file = small();
  std::string pattern;
  for (int i = 0; i < 5000; ++i) pattern += "(";
  file["/pre_tokenizer/pretokenizers/0/pattern/Regex"_json_pointer] = pattern;
  EXPECT_THAT(error_of([&] { load(file); }), HasSubstr("too deep a nesting"));
  file["/pre_tokenizer/pretokenizers/0/pattern/Regex"_json_pointer] = std::string(100'000, 'a');
  EXPECT_THAT(error_of([&] { load(file); }), HasSubstr("longer than"));
  file["/pre_tokenizer/pretokenizers/0/pattern/Regex"_json_pointer] = std::string(5000, '[');
  EXPECT_THAT(error_of([&] { load(file); }), HasSubstr("too deep a nesting"));
  std::string nested;
  for (int i = 0; i < 100'000; ++i) nested += R"({"type":"Sequence","normalizers":[)";
  EXPECT_THAT(error_of([&] { Tokenizer::from_json(nested, "tokenizer.json"); }), HasSubstr("nested deeper"));
}

TEST(Tokenizer, StopsARegularExpressionThatWouldNotEnd) {
  Json file = small();
  for (const char* pattern : {"(a|aa)+$", "(a*)*b", "(?:a|ab?|abb)*c"}) {
    file["/pre_tokenizer/pretokenizers/0/pattern/Regex"_json_pointer] = pattern;
    const auto tokenizer = load(file);
    EXPECT_THAT(error_of([&] { tokenizer.encode(std::string(5000, 'a') + "!bc", false); }), HasSubstr("takes too long"))
        << pattern;
  }
}

TEST(Tokenizer, StopsANormalizerThatWouldNotEnd) {
  Json file = small();
  Json doubling = {{"type", "Replace"}, {"pattern", {{"String", "a"}}}, {"content", "aa"}};
  file["normalizer"] = {{"type", "Sequence"}, {"normalizers", std::vector<Json>(60, doubling)}};
  const auto tokenizer = load(file);
  EXPECT_THAT(error_of([&] { tokenizer.encode("a", false); }), HasSubstr("longer than"));
}

TEST(Tokenizer, NamesTheFilesOfADirectory) {
  const testing::TemporaryDirectory directory;
  EXPECT_THAT(error_of([&] { Tokenizer::from_directory(directory.path()); }), HasSubstr("tokenizer.json"));
  testing::write_text(directory / "tokenizer.json", small().dump());
  EXPECT_EQ(Tokenizer::from_directory(directory.path()).bos_token(), std::nullopt);
  testing::write_text(directory / "tokenizer_config.json",
                      R"({"bos_token": {"content": "<s>", "special": true}, "eos_token": "</s>"})");
  const auto tokenizer = Tokenizer::from_directory(directory.path());
  EXPECT_EQ(tokenizer.bos_token(), "<s>");
  EXPECT_EQ(tokenizer.eos_token(), "</s>");
  for (const char* config :
       {R"({"bos_token": 7})", R"({"eos_token": {}})", R"({"clean_up_tokenization_spaces": "no"})", "[]x"}) {
    testing::write_text(directory / "tokenizer_config.json", config);
    EXPECT_THAT(error_of([&] { Tokenizer::from_directory(directory.path()); }), HasSubstr("tokenizer_config.json"));
  }
}

}  // namespace
}  // namespace vlrm
