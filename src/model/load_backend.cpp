#include "architecture/unused_tensors.h"
#include "model/backend.h"
#include "model/model_library.h"

namespace vlrm {
namespace {

using MakeBackend = Backend* (*)(const ModelConfig*, const CheckpointPtr*, const BackendOptions*);

}  // namespace

std::unique_ptr<Backend> load_backend(const ModelConfig& config, const CheckpointPtr& checkpoint,
                                      const BackendOptions& options) {
  refuse_unused_tensors(config, *checkpoint);
  static const auto make_backend = reinterpret_cast<MakeBackend>(model_function("vlrm_make_backend"));
  return std::unique_ptr<Backend>(make_backend(&config, &checkpoint, &options));
}

}  // namespace vlrm
