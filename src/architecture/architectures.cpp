#include <algorithm>
#include <array>

#include "architecture/architecture.h"
#include "architecture/internvl/internvl.h"
#include "architecture/llama/llama.h"
#include "architecture/llava/llava.h"
#include "architecture/mistral/mistral.h"
#include "architecture/mllama/mllama.h"
#include "architecture/qwen2/qwen2.h"
#include "architecture/qwen2_5_vl/qwen2_5_vl.h"
#include "architecture/qwen2_vl/qwen2_vl.h"
#include "architecture/qwen3/qwen3.h"
#include "architecture/qwen3_vl/qwen3_vl.h"
#include "base/error.h"
#include "base/joined.h"
#include "vision/processor_settings.h"

namespace vlrm {
namespace {

// One line per family.
constexpr std::array kArchitectures = {
    &kLlama, &kMistral, &kMllama,   &kQwen2,     &kQwen2Vl,        &kQwen2_5Vl,
    &kQwen3, &kQwen3Vl, &kInternVl, &kLlavaNext, &kLlavaOneVision,
};

const Architecture* architecture_of_processor(const std::filesystem::path& directory) {
  const ProcessorSettings settings = read_processor_settings(directory);
  const auto type = optional_field<std::string>(settings.json, "image_processor_type", "", settings.source);
  for (const Architecture* architecture : kArchitectures)
    if (architecture->sees() && (type.empty() || type.starts_with(architecture->image_processor))) return architecture;
  fail("{}: \"image_processor_type\" is \"{}\", which no family here has", settings.source, printable(type));
}

}  // namespace

std::span<const Architecture* const> architectures() {
  return kArchitectures;
}

const Architecture* find_architecture(std::string_view type) {
  const auto found = std::ranges::find(kArchitectures, type, &Architecture::type);
  return found == kArchitectures.end() ? nullptr : *found;
}

const Architecture* find_original(std::string_view type) {
  const auto found = std::ranges::find_if(kArchitectures, [&](const Architecture* architecture) {
    return architecture->original != nullptr && architecture->original->type == type;
  });
  return found == kArchitectures.end() ? nullptr : *found;
}

std::unique_ptr<ImageProcessor> open_image_processor(const std::filesystem::path& directory) {
  const Architecture* architecture = std::filesystem::exists(directory / "config.json")
                                         ? ModelConfig::from_directory(directory).architecture
                                         : architecture_of_processor(directory);
  if (!architecture->sees()) fail("{}: a text model, which sees no image", directory.string());
  return architecture->processor(directory);
}

std::string architecture_names(bool sees) {
  std::vector<std::string> names;
  for (const Architecture* architecture : kArchitectures)
    if (architecture->sees() == sees) names.emplace_back(architecture->name);
  const std::string last = names.back();
  names.pop_back();
  return names.empty() ? last : fmt::format("{} or {}", joined(names), last);
}

}  // namespace vlrm
