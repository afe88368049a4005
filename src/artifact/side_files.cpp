#include "artifact/side_files.h"

#include <algorithm>

#include "architecture/read_model.h"
#include "architecture/text_names.h"
#include "artifact/modeling_file.h"
#include "base/error.h"
#include "base/hub_cache.h"
#include "weights/output_file.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

constexpr uintmax_t kLargestSideFile = uintmax_t{1} << 30;  // bytes

// Of a config that was read as a model's before.
const Architecture& architecture_of(const OrderedJson& config) {
  const Architecture* architecture = find_architecture(model_type(config));
  VLRM_ASSERT(architecture != nullptr);
  return *architecture;
}

}  // namespace

void refuse_links_outside(const std::vector<SideFileSource>& sources) {
  for (const SideFileSource& source : sources) {
    std::vector<std::string> names = files_of_kind(source.directory, source.kinds);
    names.emplace_back("config.json");
    for (const std::string& name : names)
      if (!lies_within(source.directory / name, source.directory))
        fail("{}: is a link out of the model's folder, to {}; put a copy in its place, or `allow_outside` copies it",
             printable((source.directory / name).string()), printable(fs::canonical(source.directory / name).string()));
  }
}

std::vector<std::string> copy_side_files(const std::vector<SideFileSource>& sources, const fs::path& output) {
  std::vector<std::string> left_behind;
  for (const SideFileSource& source : sources) {
    for (const std::string& name : files_of_kind(source.directory, source.kinds)) {
      if (fs::exists(output / name)) continue;
      if (fs::file_size(source.directory / name) > kLargestSideFile)
        left_behind.push_back(fmt::format("{}: not copied (larger than {} MiB)",
                                          printable((source.directory / name).string()), kLargestSideFile >> 20));
      else
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

OrderedJson reward_model_config(const fs::path& vlm, Dtype dtype, std::optional<int32_t> pad_token) {
  OrderedJson config = read_config(vlm);
  const Architecture& architecture = architecture_of(config);
  config["architectures"] = {architecture.reward_class};
  config["auto_map"] = auto_map_of(architecture);
  config["num_labels"] = 1;
  config["problem_type"] = "regression";
  config["id2label"] = {{"0", "LABEL_0"}};
  config["label2id"] = {{"LABEL_0", 0}};
  if (pad_token && architecture.pooling == Pooling::last_not_pad)
    text_part(config)["pad_token_id"] = config["pad_token_id"] = *pad_token;
  set_dtype(config, dtype);
  return config;
}

std::map<std::string, std::string> reward_model_files(const Model& vlm) {
  const Architecture& architecture = *vlm.config.architecture;
  std::map<std::string, std::string> files{{kModelingFile, modeling_file(architecture)}};
  const fs::path& directory = vlm.files.directory;
  const OrderedJson config = read_object_or_throw(directory / "config.json");
  if (architecture.original != nullptr && model_type(config) == architecture.original->type)
    for (const auto& [name, json] : architecture.original->image_files(config, directory))
      files[name] = json.dump(2) + "\n";
  return files;
}

OrderedJson text_model_config(const fs::path& directory, int64_t rows, Dtype dtype) {
  OrderedJson config = read_object_or_throw(directory / "config.json");
  config["architectures"] = {architecture_of(config).language_class};
  config["vocab_size"] = rows;
  set_dtype(config, dtype);
  return config;
}

}  // namespace vlrm
