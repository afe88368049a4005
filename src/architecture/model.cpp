#include "architecture/model.h"

#include "architecture/reward_head.h"

namespace vlrm {

Model open_model(const ModelFiles& files, const std::string& role, const WatchInput& watch) {
  ReadModel read = read_model(files, role, watch);
  CheckpointPtr weights = with_canonical_head(std::move(read.weights), files.directory);
  ModelConfig config = ModelConfig::from_json(read.config, files.directory / "config.json", weights.get());
  return {std::move(config), std::move(weights), files};
}

}  // namespace vlrm
