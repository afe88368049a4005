// Where a model that a user names lies: a directory, or a directory and an adapter for it.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/hub_files.h"

namespace vlrm {

constexpr const char* kAdapterConfig = "adapter_config.json";

struct ModelFiles {
  std::filesystem::path directory;               // with config.json and weights
  std::optional<std::filesystem::path> adapter;  // applied to them

  // A model without an adapter.
  ModelFiles(std::filesystem::path model) : directory(std::move(model)) {}
  ModelFiles(std::filesystem::path model, std::filesystem::path applied)
      : directory(std::move(model)), adapter(std::move(applied)) {}

  // The directory with its tokenizer: the adapter's own where it has one (a training that added tokens saves it there).
  std::filesystem::path tokenizer() const;
  // The same of the chat template: the adapter's where it comes with a tokenizer and a template of its own.
  std::filesystem::path chat_template() const;
};

// "./model", "org/name@revision" or "./model+./adapter" (see resolve_checkpoint for each part), or an adapter alone,
// whose config then says which model it is for. A directory whose name holds a + is one name. Throws Error for what is
// not there, for more than one +, and for an adapter whose model is not found. Of hub ids, `files` are there then.
ModelFiles resolve_model(const std::string& name, HubFiles files = HubFiles::model);

// The same where tokenizer and chat template are all that counts: an adapter alone that has a tokenizer needs no model.
ModelFiles resolve_texts(const std::string& name);

// What holds the chat template that a user names: a file, or the directory of the model of that name. Throws Error as
// resolve_texts.
std::filesystem::path resolve_template(const std::string& name);

// What to tell a user of an adapter that lies beside the weights of a model and is not applied, though transformers
// would apply it; nothing where there is none.
std::optional<std::string> unapplied_adapter(const ModelFiles& files);

}  // namespace vlrm
