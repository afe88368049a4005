// All merge methods, one a line: each is the Method `NAME_method`, defined in methods/NAME.cpp.
#pragma once

#include "merge/method.h"

#define VLRM_MERGE_METHODS(METHOD) \
  METHOD(linear)                   \
  METHOD(task_arithmetic)          \
  METHOD(ties)                     \
  METHOD(dare_linear)              \
  METHOD(dare_ties)                \
  METHOD(della)                    \
  METHOD(della_linear)             \
  METHOD(breadcrumbs)              \
  METHOD(breadcrumbs_ties)         \
  METHOD(sce)                      \
  METHOD(ram)                      \
  METHOD(ramplus_tl)               \
  METHOD(slerp)                    \
  METHOD(nuslerp)                  \
  METHOD(multislerp)               \
  METHOD(karcher)                  \
  METHOD(model_stock)              \
  METHOD(nearswap)                 \
  METHOD(arcee_fusion)             \
  METHOD(passthrough)

namespace vlrm {

#define VLRM_DECLARE_METHOD(name) extern const Method name##_method;
VLRM_MERGE_METHODS(VLRM_DECLARE_METHOD)
#undef VLRM_DECLARE_METHOD

}  // namespace vlrm
