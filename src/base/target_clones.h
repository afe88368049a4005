// Several versions of a hot loop, chosen when the program starts by what the processor can do.
#pragma once

// For functions of plain loops only. All versions give the same bits: nothing is contracted or reassociated. Off under
// the sanitizers, whose runtime is not up yet when the choice is made, and in what tests compare the versions with.
#if !defined(VLRM_ONE_TARGET) && defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define VLRM_TARGET_CLONES __attribute__((target_clones("default", "avx2", "arch=x86-64-v4")))
#else
#define VLRM_TARGET_CLONES
#endif

#if defined(__x86_64__)
namespace vlrm {
// Whether this processor runs x86-64-v4: by its features, as not every compiler knows the level's name here.
inline bool runs_x86_64_v4() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}
}  // namespace vlrm
#endif
