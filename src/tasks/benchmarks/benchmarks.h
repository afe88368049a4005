// All benchmarks, one a line: each is the BenchmarkSpec `NAME_benchmark`, defined in a file beside this one.
#pragma once

#include "tasks/benchmark_spec.h"

// VL-RewardBench and RLAIF-V come first: of a file of rows that only says whether they have ids, they are what it
// holds.
#define VLRM_BENCHMARKS(BENCHMARK)  \
  BENCHMARK(vl_rewardbench)         \
  BENCHMARK(rlaif_v)                \
  BENCHMARK(multimodal_rewardbench) \
  BENCHMARK(mm_rlhf_rewardbench)    \
  BENCHMARK(omni_rewardbench)       \
  BENCHMARK(rewardbench_2)          \
  BENCHMARK(textvqa_val)            \
  BENCHMARK(textvqa_train_100)      \
  BENCHMARK(mmmu_pro_standard_cot)  \
  BENCHMARK(mmmu_pro_vision_cot)

namespace vlrm {

#define VLRM_DECLARE_BENCHMARK(name) extern const BenchmarkSpec name##_benchmark;
VLRM_BENCHMARKS(VLRM_DECLARE_BENCHMARK)
#undef VLRM_DECLARE_BENCHMARK

}  // namespace vlrm
