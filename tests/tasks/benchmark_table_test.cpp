#include "tasks/benchmark_table.h"

#include <algorithm>

#include "support/support.h"
#include "tasks/benchmarks/benchmarks.h"

namespace vlrm::testing {
namespace {

TEST(BenchmarkTable, EachIsWhole) {
  std::vector<std::string> names;
  for (const BenchmarkSpec* spec : all_benchmarks()) {
    EXPECT_TRUE(std::ranges::none_of(names, [&](auto& name) { return same_name(name, spec->name()); })) << spec->name();
    names.push_back(spec->name());
    EXPECT_NE(spec->has_responses(), spec->answers != nullptr) << spec->name();
    EXPECT_EQ(spec->has_responses(), !spec->summary.empty()) << spec->name();
    EXPECT_FALSE(spec->kind.title.empty()) << spec->name();
    EXPECT_EQ(std::ranges::count_if(spec->kind.figures, is_of_all_rows), 1) << spec->name();
    const bool shows_groups = std::ranges::count(spec->kind.figures, Figure::group) > 0;
    EXPECT_EQ(shows_groups, !spec->kind.groups.empty() || spec->groups_in_rows) << spec->name();
  }
}

TEST(BenchmarkTable, NamesHaveTwoSpellings) {
  for (const char* name : {"vl-rewardbench", "vl_rewardbench"})
    EXPECT_EQ(find_benchmark(all_benchmarks(), name), &vl_rewardbench_benchmark) << name;
  for (const char* name : {"textvqa_val", "textvqa-val"})
    EXPECT_EQ(find_benchmark(benchmarks_to_answer(), name), &textvqa_val_benchmark) << name;
  EXPECT_EQ(find_benchmark(benchmarks_to_answer(), "vl-rewardbench"), nullptr);
  for (const char* name : {"", "textvqa", "VL-RewardBench", "vl-rewardbench "})
    EXPECT_EQ(find_benchmark(all_benchmarks(), name), nullptr) << name;
}

TEST(VlRewardBench, GroupsAreToldByTheId) {
  for (const auto& [id, group] : std::vector<std::pair<std::string, std::string>>{
           {"mmmu_pro-1", "Reasoning"},
           {"x-mathverse", "Reasoning"},
           {"RLAIF-V-mathverse", "Reasoning"},  // reasoning is looked for first
           {"hallucination_pair-12", "Hallucination"},
           {"RLAIF-V-3", "Hallucination"},
           {"a RLHF-V", "Hallucination"},
           {"rlhf-v", "General"},
           {"MMMU_PRO", "General"},
           {"", "General"}}) {
    const BenchmarkKind& kind = vl_rewardbench_benchmark.kind;
    EXPECT_EQ(kind.groups.at(kind.group_of_id(id)), group) << id;
  }
}

}  // namespace
}  // namespace vlrm::testing
