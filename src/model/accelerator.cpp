#include "model/accelerator.h"

#include <dlfcn.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <string_view>

#include "model/model_library.h"

namespace vlrm {
namespace {

// A process that has libtorch open may have a device of its own in it, and asking costs nothing then.
bool libtorch_is_open() {
  void* library = ::dlopen("libtorch_cpu.so", RTLD_LAZY | RTLD_NOLOAD);
  if (library != nullptr) ::dlclose(library);
  return library != nullptr;
}

}  // namespace

bool may_have_accelerator(const std::string& devices) {
  // NVIDIA's, also of boards and in WSL; AMD's; graphics of any maker.
  constexpr std::array<std::string_view, 5> kBeginnings{"nvidia", "nvhost", "dxg", "kfd", "dri"};
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(devices, error))
    for (const std::string_view beginning : kBeginnings)
      if (entry.path().filename().string().starts_with(beginning)) return true;
  return false;
}

const std::optional<Accelerator>& find_accelerator() {
  using Find = bool (*)(Accelerator*);
  static const std::optional<Accelerator> kept = [] {
    if (!libtorch_is_open() && !may_have_accelerator()) return std::optional<Accelerator>();
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
  return "device: cpu; there is an NVIDIA GPU, but libtorch sees none: a torch that is built for CUDA would use it, "
         "given a driver that is new enough";
}

}  // namespace vlrm
