// What the files of a model directory are, by their names.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

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

}  // namespace vlrm
