#include "model/needs.h"

#include "architecture/unused_tensors.h"
#include "model/model_library.h"

namespace vlrm {

BackendNeeds backend_needs(const ModelConfig& config, const CheckpointPtr& checkpoint, const BackendOptions& options) {
  using Needs = void (*)(const ModelConfig*, const CheckpointPtr*, const BackendOptions*, BackendNeeds*);
  refuse_unused_tensors(config, *checkpoint);
  static const auto tell_needs = reinterpret_cast<Needs>(model_function("vlrm_tell_needs"));
  BackendNeeds needs;
  tell_needs(&config, &checkpoint, &options, &needs);
  return needs;
}

}  // namespace vlrm
