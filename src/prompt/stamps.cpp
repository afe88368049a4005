#include "prompt/stamps.h"

#include <vector>

#include "base/content_digest.h"
#include "base/digest.h"
#include "base/error.h"
#include "weights/file_kinds.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

// Those that scores depend on, by name. Other files may come and go, such as scores written beside the model.
std::vector<std::string> model_files(const fs::path& directory) {
  auto names = files_of_kind(directory, {FileKind::config, FileKind::tokenizer, FileKind::chat_template,
                                         FileKind::adapter, FileKind::weights, FileKind::other});
  std::erase_if(names, [](const std::string& name) {
    if (kind_of(name) == FileKind::weights) return !name.ends_with(".safetensors") && !name.ends_with(".index.json");
    return kind_of(name) == FileKind::other && !name.ends_with("processor_config.json");
  });
  return names;
}

}  // namespace

std::string directory_stamp(const fs::path& directory) {
  Digest digest;
  for (const std::string& name : model_files(directory))
    digest.add(fmt::format("{}\n{}\n", name, file_digest(directory / name)));
  return digest.hex();
}

}  // namespace vlrm
