// A model and the files that say how to talk to it.
#pragma once

#include <filesystem>

#include "family/config.h"
#include "weights/checkpoint.h"

namespace vlrm {

struct OpenedModel {
  ModelConfig config;
  CheckpointPtr weights;        // canonical names (family/names.h)
  std::filesystem::path files;  // directory with its tokenizer, chat template and preprocessor_config.json

  // Throws Error for what ModelConfig and the checkpoint's files have wrong.
  static OpenedModel from_directory(const std::filesystem::path& directory);
};

}  // namespace vlrm
