// VLRM_VECTORIZE before a hot loop's function: compiled for several instruction sets, the machine's best one chosen
// when the program starts. The results are the same bits in all of them (no contraction, no reassociation).
#pragma once

#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__)
#define VLRM_VECTORIZE __attribute__((target_clones("default", "avx2", "arch=x86-64-v4")))
#else
#define VLRM_VECTORIZE
#endif
