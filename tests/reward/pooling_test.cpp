#include "reward/pooling.h"

#include "architecture/architecture.h"
#include "support/support.h"

using ::testing::HasSubstr;

namespace vlrm::testing {
namespace {

ModelConfig config_of(std::optional<Pooling> pooling, std::optional<int32_t> pad) {
  ModelConfig config;
  config.architecture = find_architecture("qwen2");
  config.pooling = pooling;
  config.pad_token = pad;
  return config;
}

TEST(PooledToken, ByEachRule) {
  const auto last = config_of(Pooling::last_not_pad, 9), first = config_of(Pooling::before_first_pad, 9),
             any = config_of(Pooling::last, 9), no_pad = config_of(Pooling::last_not_pad, std::nullopt);
  struct Case {
    std::vector<int32_t> ids;
    int64_t last, first;
  };
  for (const Case& each : {Case{{1, 2, 3}, 2, 2},
                           {{1, 9, 3}, 2, 0},
                           {{1, 2, 9, 9}, 1, 1},
                           {{9, 2, 3}, 2, 2},
                           {{9, 9}, 0, 1},
                           {{9}, 0, 0}}) {
    EXPECT_EQ(pooled_token(last, each.ids), each.last);
    EXPECT_EQ(pooled_token(first, each.ids), each.first);
    const auto end = static_cast<int64_t>(each.ids.size()) - 1;
    EXPECT_EQ(pooled_token(any, each.ids), end);
    EXPECT_EQ(pooled_token(no_pad, each.ids), end);
  }
}

TEST(PooledToken, ARewardTokenIsReadWhateverItIs) {
  ModelConfig config = config_of(Pooling::last_not_pad, 9);
  config.reward_token = 9;
  EXPECT_EQ(pooled_token(config, {1, 9, 9}), 2);
}

TEST(PooledToken, IsNotGuessed) {
  const ModelConfig unknown = config_of(std::nullopt, 9);
  EXPECT_EQ(pooled_token(unknown, {1, 9, 2}), 2);  // the last one by its family's rule too
  EXPECT_THAT(error_of([&] { pooled_token(unknown, {1, 2, 9}); }), HasSubstr("the pad token 9, and whether"));
  ModelConfig two = config_of(Pooling::last_not_pad, 9);
  two.other_pad_token = 8;
  EXPECT_EQ(pooled_token(two, {9, 8, 2}), 2);
  for (const int32_t pad : {8, 9})
    EXPECT_THAT(error_of([&] { pooled_token(two, {1, 2, pad}); }), HasSubstr("\"pad_token_id\" 9 and 8 in"));
}

}  // namespace
}  // namespace vlrm::testing
