#include "distributed/ranks.h"

#include <map>

#include "support/support.h"

namespace vlrm::testing {
namespace {

using Set = std::map<std::string, std::string>;
using ::testing::HasSubstr;

std::vector<int64_t> ranks_with(const Set& set) {
  const Ranks ranks = ranks_by([&](const std::string& name) {
    const auto found = set.find(name);
    return found == set.end() ? std::nullopt : std::optional(found->second);
  });
  return {ranks.rank, ranks.count, ranks.local_rank, ranks.local_count};
}

std::string complaint_with(const Set& set) {
  return error_of([&] { ranks_with(set); });
}

const Set kTorchrun{{"RANK", "5"}, {"WORLD_SIZE", "8"}, {"LOCAL_RANK", "1"}, {"LOCAL_WORLD_SIZE", "4"}};
const Set kStep{{"SLURM_PROCID", "3"}, {"SLURM_NTASKS", "4"}, {"SLURM_LOCALID", "1"}, {"SLURM_NTASKS_PER_NODE", "2"}};
const Set kArray{{"SLURM_ARRAY_TASK_ID", "14"},
                 {"SLURM_ARRAY_TASK_COUNT", "5"},
                 {"SLURM_ARRAY_TASK_MIN", "10"},
                 {"SLURM_ARRAY_TASK_STEP", "2"}};
const Set kOpenMpi{{"OMPI_COMM_WORLD_RANK", "1"},
                   {"OMPI_COMM_WORLD_SIZE", "6"},
                   {"OMPI_COMM_WORLD_LOCAL_RANK", "1"},
                   {"OMPI_COMM_WORLD_LOCAL_SIZE", "3"}};

Set both(Set first, const Set& second) {
  first.insert(second.begin(), second.end());
  return first;
}

using Numbers = std::vector<int64_t>;

TEST(Ranks, AreThoseOfEachEngine) {
  EXPECT_EQ(ranks_with(kTorchrun), (Numbers{5, 8, 1, 4}));
  EXPECT_EQ(ranks_with(kArray), (Numbers{2, 5, 0, 1}));
  EXPECT_EQ(ranks_with({{"SLURM_ARRAY_TASK_ID", "2"}, {"SLURM_ARRAY_TASK_COUNT", "3"}}), (Numbers{2, 3, 0, 1}));
  EXPECT_EQ(ranks_with(kStep), (Numbers{3, 4, 1, 2}));
  EXPECT_EQ(ranks_with(kOpenMpi), (Numbers{1, 6, 1, 3}));
  EXPECT_EQ(ranks_with({{"PMI_RANK", "0"}, {"PMI_SIZE", "2"}}), (Numbers{0, 2, 0, 1}));
}

TEST(Ranks, AreOfTheFirstEngineThatIsWhole) {
  EXPECT_EQ(ranks_with(both(kTorchrun, kStep)), (Numbers{5, 8, 1, 4}));
  EXPECT_EQ(ranks_with(both({{"RANK", "7"}}, kStep)), (Numbers{3, 4, 1, 2}));
  EXPECT_EQ(ranks_with(both(kStep, kOpenMpi)), (Numbers{3, 4, 1, 2}));
}

TEST(Ranks, OfAnArrayOfStepsCountTheProcessesOfAll) {
  EXPECT_EQ(ranks_with(both(kArray, kStep)), (Numbers{2 * 4 + 3, 5 * 4, 1, 2}));
}

TEST(Ranks, WithoutAnEngineNameTheVariables) {
  for (const char* name : {"RANK and WORLD_SIZE", "SLURM_ARRAY_TASK_ID and SLURM_ARRAY_TASK_COUNT",
                           "SLURM_PROCID and SLURM_NTASKS", "OMPI_COMM_WORLD_RANK", "PMI_RANK and PMI_SIZE", "`shard`"})
    EXPECT_THAT(complaint_with({{"RANK", "0"}}), HasSubstr(name));
}

TEST(Ranks, ThatMakeNoSenseAreRefused) {
  EXPECT_THAT(complaint_with({{"RANK", "x"}, {"WORLD_SIZE", "2"}}), HasSubstr("the variable RANK is \"x\""));
  EXPECT_THAT(complaint_with({{"RANK", "-1"}, {"WORLD_SIZE", "2"}}), HasSubstr("RANK is \"-1\""));
  EXPECT_THAT(complaint_with({{"RANK", "2"}, {"WORLD_SIZE", "2"}}), HasSubstr("RANK=2 and WORLD_SIZE=2"));
  EXPECT_THAT(complaint_with({{"PMI_RANK", "0"}, {"PMI_SIZE", "0"}}), HasSubstr("PMI_SIZE=0"));
  EXPECT_THAT(complaint_with({{"SLURM_ARRAY_TASK_ID", "7"}, {"SLURM_ARRAY_TASK_COUNT", "3"}}),
              HasSubstr("SLURM_ARRAY_TASK_ID=7 is not one of 3 numbers from 0"));
}

TEST(Shards, AreCountedFromZero) {
  const Ranks ranks = ranks_of_shard("3/8");
  EXPECT_EQ((Numbers{ranks.rank, ranks.count, ranks.local_rank, ranks.local_count}), (Numbers{3, 8, 3, 1}));
  for (const char* wrong : {"", "3", "/", "3/", "/8", "a/b", "3/8/1", "-1/8", "8/8", "0/0", " 1/2"})
    EXPECT_THROW(ranks_of_shard(wrong), OptionError) << wrong;
}

TEST(RankLabel, NamesRankAndHost) {
  EXPECT_THAT(rank_label({3, 8, 0, 1}), ::testing::MatchesRegex("\\[rank 3 of 8, .+\\] "));
}

}  // namespace
}  // namespace vlrm::testing
