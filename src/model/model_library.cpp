#include "model/model_library.h"

#include "base/own_library.h"

namespace vlrm {

void* model_function(const char* symbol) {
  // The CUDA kernels register themselves when loaded; with a torch of the CPU alone there are none.
  static const OwnLibrary library{"libvlrm_model.so",
                                  "VLRM_MODEL_LIBRARY",
                                  "runs models, and is built where libtorch is (cmake -DVLRM_TORCH=ON)",
                                  "torch",
                                  "VLRM_TORCH",
                                  VLRM_BUILT_WITH_TORCH,
                                  2,
                                  {"lib/libc10.so", "lib/libtorch_cpu.so"},
                                  {"lib/libc10_cuda.so", "lib/libtorch_cuda.so"}};
  return load_own_library(library, symbol);
}

}  // namespace vlrm
