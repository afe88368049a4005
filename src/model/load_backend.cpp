#include <cstdlib>
#include "architecture/unused_tensors.h"
#include "base/own_library.h"
#include "model/backend.h"

namespace vlrm {
namespace {

using MakeBackend = Backend* (*)(const ModelConfig*, const CheckpointPtr*, const BackendOptions*);

MakeBackend load_library() {
  return reinterpret_cast<MakeBackend>(
      load_own_library({"libvlrm_model.so", "vlrm_make_backend", "VLRM_MODEL_LIBRARY",
                        "runs models, and is built where libtorch is (cmake -DVLRM_TORCH=ON)"}));
}

}  // namespace

std::unique_ptr<Backend> load_backend(const ModelConfig& config, const CheckpointPtr& checkpoint,
                                      const BackendOptions& options) {
  refuse_unused_tensors(config, *checkpoint);
  static const MakeBackend make_backend = load_library();
  return std::unique_ptr<Backend>(make_backend(&config, &checkpoint, &options));
}

}  // namespace vlrm
