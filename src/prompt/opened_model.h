// A model and the files that say how to talk to it.
#pragma once

#include "architecture/config.h"
#include "weights/checkpoint.h"
#include "weights/model_files.h"

namespace vlrm {

struct OpenedModel {
  ModelConfig config;
  CheckpointPtr weights;  // canonical names (architecture.h)
  ModelFiles files;       // with its tokenizer, chat template and preprocessor_config.json

  // Throws Error for what ModelConfig and the checkpoint's files have wrong.
  static OpenedModel from_files(const ModelFiles& files);
};

}  // namespace vlrm
