#include "model/accelerator.h"

#include <cstdlib>
#include <filesystem>

#include "model/model_library.h"

namespace vlrm {

const std::optional<Accelerator>& find_accelerator() {
  using Find = bool (*)(Accelerator*);
  static const std::optional<Accelerator> kept = [] {
    Accelerator found;
    const auto find = reinterpret_cast<Find>(model_function("vlrm_find_accelerator"));
    return find(&found) ? std::optional(found) : std::nullopt;
  }();
  return kept;
}

std::optional<std::string> unused_gpu_note(const std::string& devices) {
  std::error_code error;
  const bool hidden = std::getenv("CUDA_VISIBLE_DEVICES") != nullptr;  // what is hidden is not wanted
  if (hidden || !std::filesystem::exists(std::filesystem::path(devices) / "nvidia0", error)) return std::nullopt;
  return "device: cpu; there is an NVIDIA GPU, but libtorch sees none: a torch that is built for CUDA, and a driver "
         "new "
         "enough for it, would use it";
}

}  // namespace vlrm
