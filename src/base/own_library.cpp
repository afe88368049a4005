#include "base/own_library.h"

#include <dlfcn.h>

#include <cstdlib>
#include <filesystem>

#include "base/error.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

fs::path find(const OwnLibrary& library) {
  if (const char* chosen = std::getenv(library.variable)) return chosen;
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error).parent_path();
  for (const fs::path& place : {program / VLRM_LIBRARY_DIRECTORY, program / "../lib", program})
    if (fs::exists(place / library.file, error)) return place / library.file;
  fail("{} is neither in {} nor beside the program: it {}; {} can name it", library.file,
       (program / VLRM_LIBRARY_DIRECTORY).lexically_normal().string(), library.purpose, library.variable);
}

}  // namespace

void* load_own_library(const OwnLibrary& library) {
  const fs::path path = find(library);
  void* handle = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) fail("{}: cannot be loaded: {}", path.string(), printable(::dlerror(), 400));
  void* symbol = ::dlsym(handle, library.symbol);
  if (symbol == nullptr) fail("{}: not this program's library: it has no {}", path.string(), library.symbol);
  return symbol;
}

}  // namespace vlrm
