#include "family/side_files.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/error.h"
#include "weights/model_files.h"
#include "weights/output_file.h"

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

OrderedJson read_object(const fs::path& path) {
  OrderedJson json = read_ordered_json_or_throw(path);
  if (!json.is_object()) fail("{}: not a JSON object", path.string());
  return json;
}

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

std::vector<std::string> copy_side_files(const std::vector<SideFileSource>& sources, const fs::path& output) {
  std::vector<std::string> left_behind;
  for (const SideFileSource& source : sources) {
    for (const std::string& name : files_of_kind(source.directory, source.kinds)) {
      if (!fs::exists(output / name))
        copy_file_bytes(source.directory / name, output / name);  // a read-only input must not make a read-only copy
    }
    for (const auto& entry : fs::directory_iterator(source.directory)) {
      const std::string name = entry.path().filename().string();
      const FileKind kind = kind_of(name);
      const bool foreign_weights = kind == FileKind::weights && name.find(".safetensors") == std::string::npos;
      if (foreign_weights || name == "README.md" || (entry.is_directory() && !name.starts_with(".")))
        left_behind.push_back(fmt::format("{}: not copied ({})", printable(entry.path().string()),
                                          entry.is_directory() ? "a directory"
                                          : foreign_weights    ? "weights of another format, never read"
                                                               : "describes another model"));
    }
  }
  std::ranges::sort(left_behind);
  left_behind.erase(std::unique(left_behind.begin(), left_behind.end()), left_behind.end());
  return left_behind;
}

void set_dtype(OrderedJson& config, Dtype dtype) {
  config.erase("dtype");  // its name in later transformers, which read both
  config["torch_dtype"] = torch_name(dtype);
}

OrderedJson reward_model_config(const fs::path& vlm, Dtype dtype) {
  OrderedJson config = read_object(vlm / "config.json");
  config["architectures"] = {"MllamaForSequenceClassification"};
  config.erase("num_labels");
  config["id2label"] = {{"0", "LABEL_0"}};
  config["label2id"] = {{"LABEL_0", 0}};
  set_dtype(config, dtype);
  return config;
}

OrderedJson text_model_config(const fs::path& directory, int64_t rows, Dtype dtype) {
  OrderedJson config = read_object(directory / "config.json");
  config["architectures"] = {"LlamaForCausalLM"};
  config["vocab_size"] = rows;
  set_dtype(config, dtype);
  return config;
}

}  // namespace vlrm
