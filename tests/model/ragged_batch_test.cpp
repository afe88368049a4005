#include "model/ragged_batch.h"

#include "random_model.h"
#include "support/support.h"

namespace vlrm::testing {
namespace {

constexpr int32_t kImage = 96;

SharedPrefixBatch batch_of(std::vector<int32_t> prefix, std::vector<std::vector<int32_t>> continuations) {
  SharedPrefixBatch batch;
  const ModelConfig config = small_mllama(Head::reward);
  for (const int32_t token : prefix)
    if (token == kImage) batch.images.push_back(random_image(config, 1, batch.images.size()));
  batch.prefix = std::move(prefix);
  batch.continuations = std::move(continuations);
  return batch;
}

std::string description(const std::vector<Sight>& sights) {
  std::string text;
  for (const Sight& sight : sights) {
    text += fmt::format("[{},{}){} ", sight.rows.first, sight.rows.end(), sight.everything ? "*" : "");
    for (const int64_t image : sight.images) text += fmt::format("{} ", image);
  }
  return text;
}

TEST(RaggedBatch, TokensLieFlatAndContinuationsGoOnFromThePrefix) {
  const std::vector<SharedPrefixBatch> batches{batch_of({1, 2, 3}, {{4, 5}, {}, {6}}), batch_of({7}, {{8}})};
  const RaggedBatch flat = lay_out(batches, kImage);
  EXPECT_EQ(flat.tokens, (std::vector<int32_t>{1, 2, 3, 4, 5, 6, 7, 8}));
  std::vector<Position> positions;
  for (const int64_t place : {0, 1, 2, 3, 4, 3, 0, 1}) positions.push_back(Position::in_text(place));
  EXPECT_EQ(flat.positions, positions);
  EXPECT_EQ(flat.groups[0].row(0, 4), 4);
  EXPECT_EQ(flat.groups[0].row(1, 2), 2);
  EXPECT_EQ(flat.groups[0].row(2, 3), 5);
  EXPECT_EQ(flat.groups[1].row(0, 1), 7);
  ASSERT_EQ(flat.cuts.size(), 2U);
  EXPECT_EQ(flat.cuts[0].calls, (std::vector<int64_t>{3, 2, 0, 1}));
  EXPECT_EQ(lay_out(batches, kImage, Cutting::together).cuts.size(), 1U);
}

// A long piece is cut from its own beginning, whatever is before it.
TEST(Rows, PiecesAreCutByTheirLengthAlone) {
  const std::vector<int64_t> lengths{3, 0, 25, 2};
  std::vector<std::vector<int64_t>> slices;
  for (const auto& slice : Rows::pieces(lengths).slices(30, 10)) slices.push_back(slice.pieces);
  EXPECT_EQ(slices, (std::vector<std::vector<int64_t>>{{3}, {10}, {10}, {5, 2}}));
  slices.clear();
  for (const auto& slice : Rows::together().slices(25, 10)) slices.push_back({slice.first, slice.length});
  EXPECT_EQ(slices, (std::vector<std::vector<int64_t>>{{0, 10}, {10, 10}, {20, 5}}));
}

TEST(Rows, PiecesAreAllOfThem) {
  const std::vector<int64_t> lengths{3, 2};
  const auto all = [&](int64_t rows) { Rows::pieces(lengths).for_each_call(rows, [](int64_t, int64_t) {}); };
  EXPECT_NO_THROW(all(5));
  EXPECT_THROW(all(4), BugError);
}

TEST(RaggedBatch, TextSeesTheNearestImageBeforeIt) {
  const std::vector<SharedPrefixBatch> batches{batch_of({1, kImage, 2, 3, kImage, 4}, {{5}, {6, 7}})};
  EXPECT_EQ(description(lay_out(batches, kImage, Cutting::together).groups[0].sights), "[0,1)* 0 1 [1,4) 0 [4,9) 1 ");
  // What is computed of a text has the same rows whatever the others are.
  EXPECT_EQ(description(lay_out(batches, kImage).groups[0].sights), "[0,1)* 0 1 [1,4) 0 [4,6) 1 [6,7) 1 [7,9) 1 ");
}

TEST(RaggedBatch, ImagesSideBySideAreOneBlock) {
  const std::vector<SharedPrefixBatch> batches{batch_of({1, kImage, kImage, 2, kImage, kImage}, {{3}})};
  EXPECT_EQ(description(lay_out(batches, kImage, Cutting::together).groups[0].sights),
            "[0,1)* 0 1 2 3 [1,2) 0 [2,4) 0 1 [4,5) 2 [5,7) 2 3 ");
}

TEST(RaggedBatch, AnImageShownTwiceIsThereOnce) {
  SharedPrefixBatch batch = batch_of({kImage, kImage}, {});
  batch.images[1] = batch.images[0];
  const RaggedBatch flat = lay_out(std::vector<SharedPrefixBatch>{batch, batch}, kImage);
  EXPECT_EQ(flat.images.size(), 1u);
  EXPECT_EQ(flat.groups[1].images, (std::vector<int64_t>{0, 0}));
}

// Two images as grids of 2 · 3 and 3 · 1 tokens.
SharedPrefixBatch batch_with_grids() {
  SharedPrefixBatch batch{{}, {1, 2}, {{5, 6}, {7}}};
  for (const auto& [tokens, columns] : {std::pair{6, 3}, {3, 1}}) {
    ProcessedImage image;
    image.tokens = tokens;
    image.columns = columns;
    batch.images.push_back(std::make_shared<ProcessedImage>(image));
    batch.prefix.insert(batch.prefix.end(), static_cast<size_t>(tokens), kImage);
    batch.prefix.push_back(3);
  }
  return batch;
}

TEST(RaggedBatch, TokensOfAnImageStandInItsGridAndTheTextGoesOnBehindIt) {
  const RaggedBatch flat = lay_out(std::vector{batch_of({1}, {{2}}), batch_with_grids()}, kImage);
  const std::vector<Position> expected{{0, 0, 0},    {1, 1, 1},  // the other batch
                                       {0, 0, 0},    {1, 1, 1},  // text
                                       {2, 2, 2},    {2, 2, 3},    {2, 2, 4},   {2, 3, 2},
                                       {2, 3, 3},    {2, 3, 4},    {5, 5, 5},               // an image and text
                                       {6, 6, 6},    {6, 7, 6},    {6, 8, 6},   {9, 9, 9},  // another
                                       {10, 10, 10}, {11, 11, 11}, {10, 10, 10}};           // continuations
  EXPECT_EQ(flat.positions, expected);
  EXPECT_EQ(flat.groups[1].image_rows, (std::vector<int64_t>{4, 11}));
  EXPECT_EQ(flat.groups[1].next_position, 10);
}

TEST(RaggedBatch, TokensOfAnImageStandTogether) {
  SharedPrefixBatch batch = batch_with_grids();
  std::swap(batch.prefix[2], batch.prefix[1]);
  EXPECT_THAT(error_of([&] { lay_out(std::vector{batch}, kImage); }), ::testing::HasSubstr("do not stand together"));
}

TEST(RaggedBatch, WithoutImagesTheirTokensAreTokensLikeAnyOther) {
  SharedPrefixBatch batch = batch_of({1, kImage}, {{kImage}});
  batch.images.clear();
  EXPECT_TRUE(lay_out({&batch, 1}, kImage).groups[0].sights.empty());
}

TEST(RaggedBatch, RefusesWhatDoesNotFit) {
  SharedPrefixBatch batch = batch_of({1, kImage}, {{2}});
  batch.images.push_back(batch.images[0]);
  EXPECT_EQ(error_of([&] { lay_out({&batch, 1}, kImage); }), "a text shows 1 image tokens, but its 2 images take 2");
  batch = batch_of({1, kImage}, {{kImage}});
  EXPECT_EQ(error_of([&] {
              lay_out({&batch, 1}, kImage);
            }),
            "a response contains the image token: images belong to the prompt");
  batch = batch_of({}, {{2}});
  EXPECT_EQ(error_of([&] {
              lay_out({&batch, 1}, kImage);
            }),
            "a text has no tokens before its continuations: there is nothing to score");
}

}  // namespace
}  // namespace vlrm::testing
