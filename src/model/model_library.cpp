#include "model/model_library.h"

#include "base/own_library.h"

namespace vlrm {

void* model_function(const char* symbol) {
  return load_own_library({"libvlrm_model.so", symbol, "VLRM_MODEL_LIBRARY",
                           "runs models, and is built where libtorch is (cmake -DVLRM_TORCH=ON)"});
}

}  // namespace vlrm
