// Weights in pickled files, which are never read: what is said instead.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace vlrm {

constexpr const char* kPickledHead = "value_head.bin";  // of a reward model, beside its weights

// "pytorch_model" and "model" for pytorch_model*.bin, which become model.safetensors.
struct PickledFiles {
  std::string begin, safe;
};

// A command for a shell, which writes one safetensors file in `directory` for each of `files`. It unpickles tensors and
// nothing else.
std::string conversion_command(const std::filesystem::path& directory, const std::vector<PickledFiles>& files);

}  // namespace vlrm
