#include "prompt/opened_model.h"

#include "family/names.h"

namespace vlrm {

OpenedModel OpenedModel::from_directory(const std::filesystem::path& directory) {
  ModelConfig config = ModelConfig::from_directory(directory);
  CheckpointPtr weights = open_canonical(directory, config);
  return {std::move(config), std::move(weights), directory};
}

}  // namespace vlrm
