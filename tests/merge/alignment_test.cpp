#include "merge/alignment.h"

#include <algorithm>
#include <random>

#include "merge/column_means.h"
#include "merge/memory_checkpoint.h"
#include "support/support.h"

using ::testing::ElementsAre;
using ::testing::HasSubstr;

namespace vlrm::testing {
namespace {

TokenRows vocabulary(const std::vector<std::string>& tokens) {
  std::vector<TokenRows::Token> list;
  for (const std::string& token : tokens) list.push_back({token, static_cast<int64_t>(list.size())});
  return TokenRows(list, "v");
}

std::shared_ptr<const TensorReader> matrix(int64_t rows, int64_t columns, float first) {
  MemoryCheckpoint checkpoint;
  checkpoint.add_counting("m", {rows, columns}, first);
  return checkpoint.prepare("m");
}

std::vector<float> read(const TensorReader& tensor, int64_t first, int64_t count) {
  std::vector<float> values(static_cast<size_t>(count));
  tensor.read_float32(first, count, values.data());
  return values;
}
std::vector<float> all(const TensorReader& tensor) {
  return read(tensor, 0, tensor.info().elements());
}

TEST(Alignment, MatchesTokensByTheirStringAndFillsWhatOnlyOneHas) {
  const auto output = vocabulary({"a", "b", "image"});
  const auto other = vocabulary({"b", "a", "pad"});
  const RowAlignment::Model models[] = {{&output, 3}, {&other, 3}};
  const RowAlignment alignment(output, models, std::nullopt, 1);
  EXPECT_EQ(alignment.rows(), 3);
  const auto tensors = alignment.align({matrix(3, 2, 0), matrix(3, 2, 100)});
  EXPECT_THAT(all(*tensors[0]), ElementsAre(0, 1, 2, 3, 4, 5));
  EXPECT_THAT(all(*tensors[1]), ElementsAre(102, 103, 100, 101, 4, 5));  // "image" is the other's; "pad" is gone
}

TEST(Alignment, WhatSeveralHaveComesFromTheBaseElseIsTheMean) {
  const auto output = vocabulary({"a", "b"});
  const auto half = vocabulary({"a"});
  const RowAlignment::Model models[] = {{&output, 2}, {&half, 1}, {&output, 2}};
  const std::vector<std::shared_ptr<const TensorReader>> tensors{matrix(2, 1, 0), matrix(1, 1, 10), matrix(2, 1, 20)};
  EXPECT_THAT(all(*RowAlignment(output, models, 2, 1).align(tensors)[1]), ElementsAre(10, 21));
  EXPECT_THAT(all(*RowAlignment(output, models, std::nullopt, 1).align(tensors)[1]), ElementsAre(10, 11));
  // The base lacks it: the mean of those that have it.
  EXPECT_THAT(all(*RowAlignment(output, models, 1, 1).align(tensors)[1]), ElementsAre(10, 11));
}

TEST(Alignment, PaddingRowsAreTheMeanOfTheRowsBefore) {
  const auto output = vocabulary({"a", "b", "c"});
  const RowAlignment::Model models[] = {{&output, 4}};
  const auto tensors = RowAlignment(output, models, std::nullopt, 8).align({matrix(4, 2, 0)});
  EXPECT_THAT(tensors[0]->info().shape, ElementsAre(8, 2));
  const auto values = all(*tensors[0]);
  for (size_t i = 6; i < 16; ++i) EXPECT_EQ(values[i], i % 2 == 0 ? 2 : 3) << i;
}

TEST(Alignment, TokensBeyondATensorsRowsAreNotThereAndNobodysAreZero) {
  const auto output = vocabulary({"a", "b", "c"});
  const RowAlignment::Model models[] = {{&output, 2}, {&output, 2}};
  const auto tensors = RowAlignment(output, models, std::nullopt, 1).align({matrix(3, 1, 1), matrix(3, 1, 5)});
  EXPECT_THAT(all(*tensors[1]), ElementsAre(5, 6, 0));
}

TEST(Alignment, EqualVocabulariesCostNothing) {
  const auto output = vocabulary({"a", "b"});
  const RowAlignment::Model models[] = {{&output, 2}};
  const auto tensor = matrix(2, 1, 1);
  EXPECT_EQ(RowAlignment(output, models, std::nullopt, 1).align({tensor})[0], tensor);
}

// Any stretch of any alignment holds what the definition says, element by element.
TEST(Alignment, AnyStretchReadsTheSame) {
  std::mt19937 random(7);
  for (int round = 0; round < 30; ++round) {
    std::vector<std::string> tokens;
    for (int i = 0; i < 40; ++i) tokens.push_back(std::to_string(i));
    std::vector<TokenRows> vocabularies;
    for (int model = 0; model < 3; ++model) {
      auto own = tokens;
      if (round % 2 == 1) std::ranges::shuffle(own, random);
      own.resize(20 + random() % 20);
      vocabularies.push_back(vocabulary(own));
    }
    const auto output = vocabulary(tokens);
    std::vector<RowAlignment::Model> models;
    std::vector<std::shared_ptr<const TensorReader>> tensors;
    for (const TokenRows& each : vocabularies) {
      models.push_back({&each, static_cast<int64_t>(each.tokens().size())});
      tensors.push_back(matrix(models.back().rows, 3, static_cast<float>(1000 * tensors.size())));
    }
    const auto aligned = RowAlignment(output, models, 0, 16).align(tensors);
    for (size_t model = 0; model < aligned.size(); ++model) {
      const auto whole = all(*aligned[model]);
      for (const TokenRows::Token& token : output.tokens()) {
        const auto id = vocabularies[model].id(token.text);
        if (!id) continue;
        for (int64_t column = 0; column < 3; ++column)
          ASSERT_EQ(whole[static_cast<size_t>(token.id * 3 + column)],
                    1000 * model + static_cast<float>(*id * 3 + column));
      }
      const int64_t first = random() % 100, count = random() % (144 - static_cast<uint64_t>(first));
      const auto part = read(*aligned[model], first, count);
      ASSERT_TRUE(std::equal(part.begin(), part.end(), whole.begin() + first));
    }
  }
}

TEST(Alignment, RefusesAnOutputVocabularyWithGaps) {
  const TokenRows output({{"a", 0}, {"c", 2}}, "gappy");
  const RowAlignment::Model models[] = {{&output, 3}};
  EXPECT_THAT(error_of([&] { RowAlignment(output, models, std::nullopt, 1); }),
              HasSubstr("gappy: no token has the id 1"));
}

TEST(ColumnMeans, AreTheMeansWhateverTheNumberOfRows) {
  for (const int64_t rows : {1, 15, 16, 17, 255, 256, 4095, 4096, 4097, 9000}) {
    const auto means = column_means(*matrix(rows, 3, 0), rows);
    for (int64_t column = 0; column < 3; ++column)
      EXPECT_NEAR(means[static_cast<size_t>(column)], 1.5 * static_cast<double>(rows - 1) + static_cast<double>(column),
                  1e-3 * static_cast<double>(rows))
          << rows;
  }
}

TEST(VocabularyTest, ReadsTheGoldenTokenizers) {
  VLRM_NEED_GOLDENS();
  const auto vlm = TokenRows::from_directory(goldens() / "models/vlm");
  const auto rm = TokenRows::from_directory(goldens() / "models/rm");
  const Json config = read_json_or_throw(goldens() / "models/vlm/config.json");
  const int64_t vocabulary_size = config.at("text_config").at("vocab_size");
  EXPECT_EQ(vlm.tokens().size(), static_cast<size_t>(vocabulary_size) + 1);
  EXPECT_EQ(vlm.id("<|image|>"), vocabulary_size);
  EXPECT_EQ(rm.id("<pad>"), vocabulary_size);
  EXPECT_EQ(rm.id("<|image|>"), std::nullopt);
}

TEST(VocabularyTest, ErrorsNameTheFileAndTheToken) {
  const TemporaryDirectory dir;
  const auto error = [&](const std::string& json) {
    write_text(dir / "tokenizer.json", json);
    return error_of([&] { TokenRows::from_directory(dir.path()); });
  };
  EXPECT_THAT(error_of([&] { TokenRows::from_directory(dir.path()); }), HasSubstr("tokenizer.json"));
  EXPECT_THAT(error("{"), HasSubstr("not valid JSON at byte"));
  EXPECT_THAT(error("{}"), HasSubstr("no model with a vocabulary"));
  EXPECT_THAT(error(R"({"model": {"vocab": {}}})"), HasSubstr("no model with a vocabulary"));
  EXPECT_THAT(error(R"({"model": {"vocab": [["a", 0.5]]}})"), HasSubstr("Unigram"));
  EXPECT_THAT(error(R"({"model": {"vocab": {"a": "0"}}})"), HasSubstr("token \"a\" has no whole number"));
  EXPECT_THAT(error(R"({"model": {"vocab": {"a": {}}}})"), HasSubstr("token \"a\" has no whole number"));
  EXPECT_THAT(error(R"({"model": {"vocab": {"a": -1}}})"), HasSubstr("has the id -1"));
  EXPECT_THAT(error(R"({"model": {"vocab": {"a": 1e9}}})"), HasSubstr("no whole number"));
  EXPECT_THAT(error(R"({"model": {"vocab": {"a": 18446744073709551615}}})"), HasSubstr("has the id"));
  EXPECT_THAT(error(R"({"model": {"vocab": {"a": 0, "b": 0}}})"),
              HasSubstr("the id 0 has two tokens, \"a\" and \"b\""));
  EXPECT_THAT(error(R"({"model": {"vocab": {"a": 0}}, "added_tokens": [{"content": "a"}]})"), HasSubstr("has no id"));
  EXPECT_THAT(error(std::string(1000, '[')), HasSubstr("nested deeper"));
  write_text(
      dir / "tokenizer.json",
      R"({"added_tokens": [{"id": 1, "content": "é"}, {"id": 0, "content": "a"}], "model": {"vocab": {"a": 0}}})");
  const auto vocabulary = TokenRows::from_directory(dir.path());
  EXPECT_EQ(vocabulary.id("é"), 1);
  EXPECT_EQ(vocabulary.tokens().size(), 2);
}

TEST(VocabularyTest, AddedTokensHaveTheIdsOfTheirPlaces) {
  const TemporaryDirectory dir;
  write_text(dir / "tokenizer.json", R"({"model": {"vocab": {"a": 0, "b": 1}}, "added_tokens": [
               {"id": 9, "content": "<y>"}, {"id": 5, "content": "a"}, {"id": 4, "content": "<x>"}]})");
  const auto vocabulary = TokenRows::from_directory(dir.path());
  EXPECT_EQ(vocabulary.id("a"), 0);
  EXPECT_EQ(vocabulary.id("<y>"), 2);
  EXPECT_EQ(vocabulary.id("<x>"), 3);
}

TEST(VocabularyTest, DifferencesNameTheFirstToken) {
  const TokenRows ours({{"a", 0}, {"b", 1}, {"c", 3}}, "ours");
  const auto difference = [&](const TokenRows& other) { return ours.difference(other).value_or(""); };
  EXPECT_EQ(difference(TokenRows({{"c", 3}, {"b", 1}, {"a", 0}}, "theirs")), "");
  EXPECT_EQ(difference(TokenRows({{"a", 0}, {"<x>", 1}, {"d", 3}}, "theirs")),
            "the id 1 is \"b\" in ours, but \"<x>\" in theirs");
  EXPECT_EQ(difference(TokenRows({{"a", 0}, {"b", 1}, {"d", 2}, {"c", 3}}, "theirs")),
            "the id 2 is no token in ours, but \"d\" in theirs");
  EXPECT_EQ(difference(TokenRows({{"a", 0}, {"b", 1}}, "theirs")), "the id 3 is \"c\" in ours, but no token in theirs");
}

}  // namespace
}  // namespace vlrm::testing
