#include "model/patch_places.h"

#include "support/support.h"

using ::testing::ElementsAre;
using ::testing::IsEmpty;

namespace vlrm {
namespace {

constexpr Qwen2VlGrid kFiveByThree{.rows = 10, .columns = 6, .patch_size = 4, .merge_size = 2};

TEST(PatchPlaces, AWholeImageIsOneWindowInItsOwnOrder) {
  const PatchPlaces places = PatchPlaces::of(kFiveByThree, 0);
  EXPECT_THAT(places.windows, ElementsAre(60));
  EXPECT_THAT(places.tokens, IsEmpty());
  EXPECT_EQ(places.patches[5].row, 0);
  EXPECT_EQ(places.patches[5].column, 3);
  EXPECT_EQ(places.patches[14].row, 3);
  EXPECT_EQ(places.patches[14].column, 0);
}

TEST(PatchPlaces, WindowsAreCutOffAtTheLowerAndRightEdge) {
  const PatchPlaces places = PatchPlaces::of(kFiveByThree, 2);
  EXPECT_THAT(places.windows, ElementsAre(16, 8, 16, 8, 8, 4));
  EXPECT_THAT(places.tokens, ElementsAre(0, 1, 3, 4, 2, 5, 6, 7, 9, 10, 8, 11, 12, 13, 14));
  EXPECT_EQ(places.patches[8].row, 2);
  EXPECT_EQ(places.patches[8].column, 0);
}

TEST(PatchPlaces, OrderAndBackGiveTheSameRows) {
  const PatchPlaces places = PatchPlaces::of(kFiveByThree, 2);
  const at::Tensor tokens = at::arange(15, at::kFloat).view({15, 1});
  const at::Tensor ordered = places.ordered(tokens);
  EXPECT_EQ(ordered[2][0].item<float>(), 3);
  EXPECT_TRUE(places.in_image_order(ordered).equal(tokens));
}

}  // namespace
}  // namespace vlrm
