#include <dlfcn.h>

#include <cstdlib>
#include <filesystem>
#include <vector>

#include "base/error.h"
#include "model/backend.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

using MakeBackend = Backend* (*)(const ModelConfig*, const CheckpointPtr*, const BackendOptions*);

constexpr const char* kLibrary = "libvlrm_model.so";

fs::path find_library() {
  if (const char* chosen = std::getenv("VLRM_MODEL_LIBRARY")) return chosen;
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error).parent_path();
  for (const fs::path& place : {program / VLRM_LIBRARY_DIRECTORY, program / "../lib", program})
    if (fs::exists(place / kLibrary, error)) return place / kLibrary;
  fail(
      "{} is neither in {} nor beside the program: it runs models, and is built where libtorch is (cmake "
      "-DVLRM_TORCH=ON); VLRM_MODEL_LIBRARY can name it",
      kLibrary, (program / VLRM_LIBRARY_DIRECTORY).lexically_normal().string());
}

MakeBackend load_library() {
  const fs::path path = find_library();
  // Read by OpenMP when libtorch brings it in: its threads sleep while they wait. Spinning, their default, takes ten
  // times as long as soon as another program wants the cores too, and gains nothing to speak of where none does.
  ::setenv("OMP_WAIT_POLICY", "passive", /*overwrite=*/0);
  // Stays loaded to the end of the process: libtorch does not survive being unloaded.
  void* library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) fail("{}: cannot be loaded: {}", path.string(), printable(::dlerror(), 400));
  void* symbol = ::dlsym(library, "vlrm_make_backend");
  if (symbol == nullptr) fail("{}: not this program's library: it has no vlrm_make_backend", path.string());
  return reinterpret_cast<MakeBackend>(symbol);
}

}  // namespace

std::unique_ptr<Backend> load_backend(const ModelConfig& config, CheckpointPtr checkpoint,
                                      const BackendOptions& options) {
  static const MakeBackend make_backend = load_library();
  return std::unique_ptr<Backend>(make_backend(&config, &checkpoint, &options));
}

}  // namespace vlrm
