#include "prompt/opened_model.h"

#include "architecture/read_model.h"

namespace vlrm {

OpenedModel OpenedModel::from_files(const ModelFiles& files) {
  ReadModel read = read_model(files, "model", {});
  return {ModelConfig::from_json(read.config, files.directory / "config.json"), std::move(read.weights), files};
}

}  // namespace vlrm
