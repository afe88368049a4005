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
  EXPECT_EQ(flat.positions, (std::vector<int64_t>{0, 1, 2, 3, 4, 3, 0, 1}));
  EXPECT_EQ(flat.groups[0].row(0, 4), 4);
  EXPECT_EQ(flat.groups[0].row(1, 2), 2);
  EXPECT_EQ(flat.groups[0].row(2, 3), 5);
  EXPECT_EQ(flat.groups[1].row(0, 1), 7);
}

TEST(RaggedBatch, TextSeesTheNearestImageBeforeIt) {
  const std::vector<SharedPrefixBatch> batches{batch_of({1, kImage, 2, 3, kImage, 4}, {{5}, {6, 7}})};
  EXPECT_EQ(description(lay_out(batches, kImage).groups[0].sights), "[0,1)* 0 1 [1,4) 0 [4,9) 1 ");
}

TEST(RaggedBatch, ImagesSideBySideAreOneBlock) {
  const std::vector<SharedPrefixBatch> batches{batch_of({1, kImage, kImage, 2, kImage, kImage}, {{3}})};
  EXPECT_EQ(description(lay_out(batches, kImage).groups[0].sights),
            "[0,1)* 0 1 2 3 [1,2) 0 [2,4) 0 1 [4,5) 2 [5,7) 2 3 ");
}

TEST(RaggedBatch, AnImageShownTwiceIsThereOnce) {
  SharedPrefixBatch batch = batch_of({kImage, kImage}, {});
  batch.images[1] = batch.images[0];
  const RaggedBatch flat = lay_out(std::vector<SharedPrefixBatch>{batch, batch}, kImage);
  EXPECT_EQ(flat.images.size(), 1u);
  EXPECT_EQ(flat.groups[1].images, (std::vector<int64_t>{0, 0}));
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
