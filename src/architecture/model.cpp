#include "architecture/model.h"

namespace vlrm {

Model open_model(const ModelFiles& files, const std::string& role, const WatchInput& watch) {
  ReadModel read = read_model(files, role, watch);
  return {ModelConfig::from_json(read.config, files.directory / "config.json"), std::move(read.weights), files};
}

}  // namespace vlrm
