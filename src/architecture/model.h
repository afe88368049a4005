// A model of a known family, with the files that say how to talk to it.
#pragma once

#include <string>

#include "architecture/config.h"
#include "architecture/read_model.h"
#include "weights/checkpoint.h"
#include "weights/model_files.h"

namespace vlrm {

struct Model {
  ModelConfig config;
  CheckpointPtr weights;  // canonical names (architecture.h)
  ModelFiles files;       // with its tokenizer, chat template and preprocessor_config.json
};

// Reads config and headers, no weights. Throws Error for what the config or the checkpoint's files have wrong.
Model open_model(const ModelFiles& files, const std::string& role = "model", const WatchInput& watch = {});

}  // namespace vlrm
