// What a model directory holds beside its weights: config, tokenizer, processor, chat template, licences.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/json.h"
#include "weights/dtype.h"

namespace vlrm {

constexpr const char* kManifestName = "vlrm_manifest.json";

// What a file of a model directory is, by its name.
enum class FileKind {
  config,         // config.json
  tokenizer,      // tokenizer*, special_tokens_map.json and the like
  chat_template,  // chat_template.json, chat_template.jinja
  adapter,        // adapter_config.json: beside weights it would have transformers apply it
  weights,        // in any format, safe or not, and their indices
  private_file,   // ours or nobody's: the manifest, dot files, the model card of another model
  other           // processor, generation config, licence …
};
FileKind kind_of(const std::string& file_name);

// Regular files of `directory` (not below it) of one of `kinds`, by name.
std::vector<std::string> files_of_kind(const std::filesystem::path& directory, const std::vector<FileKind>& kinds);

// Where an output's side files come from; an earlier source wins where two have a file of the same name.
struct SideFileSource {
  std::filesystem::path directory;
  std::vector<FileKind> kinds;
};

// Copies the files (links are followed) into `output` and returns what the sources' directories hold that did not come
// along: one line each, for the user. config.json is left to the caller. Throws Error when a file cannot be copied.
std::vector<std::string> copy_side_files(const std::vector<SideFileSource>& sources,
                                         const std::filesystem::path& output);

// The type of the weights, as `config` names it.
void set_dtype(OrderedJson& config, Dtype dtype);

// config.json of `vlm` for the reward model made of it: MllamaForSequenceClassification with one label.
OrderedJson reward_model_config(const std::filesystem::path& vlm, Dtype dtype);
// config.json of the Llama in `directory` for a LlamaForCausalLM of its shape with `rows` rows of embeddings.
OrderedJson text_model_config(const std::filesystem::path& directory, int64_t rows, Dtype dtype);

}  // namespace vlrm
