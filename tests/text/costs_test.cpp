// What a tokenizer may cost on a text, whatever its files say.
#include <gmock/gmock.h>

#include <chrono>

#include "support/support.h"
#include "text/string_matcher.h"
#include "text/tokenizer.h"

namespace vlrm {
namespace {

using testing::error_of;
using ::testing::HasSubstr;
using Clock = std::chrono::steady_clock;

Json letters() {
  return parse_json_or_throw(R"json({"normalizer": null, "pre_tokenizer": null, "decoder": {"type": "Fuse"},
    "added_tokens": [], "post_processor": null,
    "model": {"type": "BPE", "unk_token": "?", "vocab": {"?": 0, "a": 1, "b": 2, "é": 3, " ": 4, "aa": 5}, "merges": ["a a"]}})json",
                             "letters");
}

Tokenizer load(const Json& file) {
  return Tokenizer::from_json(file.dump(), "tokenizer.json");
}

Json replace(const std::string& what, const std::string& by) {
  return {{"type", "Replace"}, {"pattern", {{"String", what}}}, {"content", by}};
}

Json split(const std::string& pattern) {
  return {{"type", "Split"}, {"pattern", {{"Regex", pattern}}}, {"behavior", "Isolated"}, {"invert", false}};
}

std::string times(const std::string& text, int count) {
  std::string all;
  for (int i = 0; i < count; ++i) all += text;
  return all;
}

TEST(TokenizerCosts, NormalizersThatGrowOrGoOn) {
  Json file = letters();
  file["normalizer"] = replace("a", times("é", 10'000));
  EXPECT_THAT(error_of([&] { load(file).encode("aaaa", false); }), HasSubstr("out of all proportion"));
  file["normalizer"] = {{"type", "Prepend"}, {"prepend", times("a", 1'000'000)}};
  EXPECT_THAT(error_of([&] { load(file).encode("a", false); }), HasSubstr("out of all proportion"));
  const Json lower = {{"type", "Lowercase"}};
  file["normalizer"] = {{"type", "Sequence"}, {"normalizers", std::vector<Json>(60, lower)}};
  EXPECT_EQ(load(file).encode("Ab", false), (std::vector<int32_t>{1, 2}));
  EXPECT_THAT(error_of([&] { load(file).encode(times("a", 100'000), false); }), HasSubstr("too many steps"));
  file["normalizer"] = {{"type", "Sequence"}, {"normalizers", std::vector<Json>(65, lower)}};
  EXPECT_THAT(error_of([&] { load(file); }), HasSubstr("a normalizer of more than 64 steps"));
}

TEST(TokenizerCosts, PreTokenizersThatGoOn) {
  Json file = letters();
  std::vector<Json> steps(50, split("b"));
  steps.insert(steps.begin(), split("."));
  file["pre_tokenizer"] = {{"type", "Sequence"}, {"pretokenizers", steps}};
  EXPECT_EQ(load(file).encode("ab", false), (std::vector<int32_t>{1, 2}));
  EXPECT_THAT(error_of([&] { load(file).encode(times("a", 100'000), false); }), HasSubstr("too many steps"));
  file["pre_tokenizer"]["pretokenizers"] = std::vector<Json>(65, split("b"));
  EXPECT_THAT(error_of([&] { load(file); }), HasSubstr("a pre-tokenizer of more than 64 steps"));
}

TEST(TokenizerCosts, DecodersThatGrow) {
  Json file = letters();
  file["decoder"] = replace("a", times("é", 100'000));
  EXPECT_THAT(error_of([&] {
                load(file).decode(std::vector<int32_t>{1, 1}, false);
              }),
              HasSubstr("out of all proportion"));
}

// Each text takes a little less than a regular expression may on one; all of them together are stopped.
TEST(TokenizerCosts, ManyTextsThatAreSlow) {
  Json file = letters();
  file["pre_tokenizer"] = split("(a|aa)+$");
  const auto tokenizer = load(file);
  const auto start = Clock::now();
  EXPECT_THAT(error_of([&] {
                for (int i = 0; i < 100'000; ++i) tokenizer.encode(times("a", 22) + "b", false);
              }),
              HasSubstr("takes too long"));
  EXPECT_LT(Clock::now() - start, testing::kSlower * std::chrono::seconds(20));
}

TEST(TokenizerCosts, TextsThatAreTooLong) {
  const auto tokenizer = load(letters());
  EXPECT_THAT(error_of([&] { tokenizer.encode(std::string((8 << 20) + 1, 'a'), false); }),
              HasSubstr("has 8388609 bytes, more than the 8388608 allowed"));
  EXPECT_EQ(tokenizer.encode(std::string(1 << 20, 'a'), false).size(), size_t{1} << 19);
}

TEST(TokenizerCosts, TemplatesThatRepeatATextTooOften) {
  Json file = letters();
  const Json whole = {{"Sequence", {{"id", "A"}}}};
  file["post_processor"] = {
      {"type", "TemplateProcessing"}, {"single", std::vector<Json>(64, whole)}, {"special_tokens", Json::object()}};
  EXPECT_EQ(load(file).encode("ab", true).size(), 128u);
  EXPECT_THAT(error_of([&] { load(file).encode(times("ab", 300'000), true); }), HasSubstr("the post-processor makes"));
}

Json added(const std::string& content, bool strip) {
  return {{"id", 6},         {"content", content}, {"special", false}, {"normalized", false},
          {"lstrip", strip}, {"rstrip", strip}};
}

TEST(TokenizerCosts, AddedTokensThatNearlyMatch) {
  Json file = letters();
  file["added_tokens"] = Json::array({added(times("a", 200'000) + "b", false)});
  const auto start = Clock::now();
  EXPECT_EQ(load(file).encode(times("a", 400'000), false).size(), 200'000u);
  file["added_tokens"] = Json::array({added(" ", true)});
  EXPECT_FALSE(load(file).encode(times(" ", 400'000) + "a", false).empty());
  EXPECT_LT(Clock::now() - start, testing::kSlower * std::chrono::seconds(10));
}

// Against a search that tries every string at every place.
TEST(StringMatcher, FindsTheLongestAtTheLeftmostPlace) {
  const std::vector<std::string> strings{"ab", "abc", "b", "bcd", "cda", "aab", "abcda", "d"};
  const auto is_shorter_than_five = [](const StringMatcher::Found& found) { return found.end - found.begin < 5; };
  StringMatcher matcher;
  for (size_t i = 0; i < strings.size(); ++i) matcher.add(strings[i], i);
  matcher.prepare();
  for (int number = 0; number < 4096; ++number) {
    std::string text;
    for (int rest = number; text.size() < 6; rest /= 4) text += static_cast<char>('a' + rest % 4);
    for (const bool all : {true, false}) {
      std::optional<StringMatcher::Found> expected;
      for (size_t begin = 0; begin < text.size() && !expected; ++begin)
        for (size_t i = 0; i < strings.size(); ++i)
          if (text.compare(begin, strings[i].size(), strings[i]) == 0 && (all || strings[i].size() < 5) &&
              (!expected || expected->end < begin + strings[i].size()))
            expected = {begin, begin + strings[i].size(), i};
      const auto found = all ? matcher.find(text, 0) : matcher.find(text, 0, is_shorter_than_five);
      ASSERT_EQ(found.has_value(), expected.has_value()) << text;
      if (!found) continue;
      EXPECT_EQ(found->begin, expected->begin) << text;
      EXPECT_EQ(found->end, expected->end) << text;
      EXPECT_EQ(found->value, expected->value) << text;
    }
  }
}

}  // namespace
}  // namespace vlrm
