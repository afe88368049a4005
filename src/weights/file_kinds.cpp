#include "weights/file_kinds.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/error.h"
#include "weights/model_files.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

constexpr std::array<std::string_view, 13> kWeightEndings{".safetensors", ".safetensors.index.json",
                                                          ".bin",         ".bin.index.json",
                                                          ".pt",          ".pth",
                                                          ".ckpt",        ".h5",
                                                          ".msgpack",     ".gguf",
                                                          ".pkl",         ".onnx",
                                                          ".npz"};
constexpr std::array<std::string_view, 5> kTokenizerFiles{"special_tokens_map.json", "added_tokens.json", "vocab.json",
                                                          "merges.txt", "vocab.txt"};

}  // namespace

FileKind kind_of(const std::string& name) {
  const auto ends_so = [&](std::string_view ending) { return name.ends_with(ending); };
  if (name == "config.json") return FileKind::config;
  if (name == kAdapterConfig) return FileKind::adapter;
  if (name.starts_with(".") || name == "README.md" || name == "mergekit_config.yml" || name == kManifestName)
    return FileKind::private_file;
  if (std::ranges::any_of(kWeightEndings, ends_so)) return FileKind::weights;
  if (name.starts_with("tokenizer") || std::ranges::find(kTokenizerFiles, name) != kTokenizerFiles.end())
    return FileKind::tokenizer;
  if (name.starts_with("chat_template")) return FileKind::chat_template;
  return FileKind::other;
}

std::vector<std::string> files_of_kind(const fs::path& directory, const std::vector<FileKind>& kinds) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(directory, error)) {
    const std::string name = entry.path().filename().string();
    if (entry.is_regular_file(error) && std::ranges::find(kinds, kind_of(name)) != kinds.end()) names.push_back(name);
  }
  if (error) fail_with_errno(error.value(), "{}: cannot be listed", directory.string());
  std::ranges::sort(names);
  return names;
}

}  // namespace vlrm
