// A model of a known family, with the files that say how to talk to it.
#pragma once

#include <filesystem>
#include <optional>
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
  // What its files call things that other models call otherwise; "": as they do.
  std::string prefix = {};      // that a trainer left in front of all names: "module."
  std::string value_head = {};  // a tensor of a head that is not a classifier's: "v_head.summary.weight"
  // The directory with a value head in a pickled file, which is not read (kPickledHead); "": there is none.
  std::filesystem::path pickled_head = {};
};

// Reads config and headers, no weights. Throws Error for what the config or the checkpoint's files have wrong.
Model open_model(const ModelFiles& files, const std::string& role = "model", const WatchInput& watch = {});

// Throws Error, with the command that converts it, where a reward would be computed without a head that is there.
void refuse_pickled_head(const Model& model);

// Makes a classifier a reward model with one label, that which `label` names or whose number it is: its head keeps that
// row alone. With "", the model must have one label: throws Error if it has several. Throws OptionError (`score_label`)
// if `label` names none of them or could mean two.
void choose_label(Model& model, const std::string& label);
// "a reward model has one label, this classifier has 2 (good, bad)"; nothing unless there are several.
std::optional<std::string> several_labels(const ModelConfig& config);

}  // namespace vlrm
