#include "base/own_library.h"

#include <dlfcn.h>
#include <link.h>

#include <cstdlib>
#include <filesystem>

#include "base/error.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

// Where the file lies that this code is in: the program, or a library that another program has opened.
fs::path own_directory() {
  Dl_info code{};
  link_map* file = nullptr;
  const bool known = ::dladdr1(reinterpret_cast<const void*>(&load_own_library), &code, reinterpret_cast<void**>(&file),
                               RTLD_DL_LINKMAP) != 0;
  const bool is_library = known && file != nullptr && *file->l_name != '\0';  // the program itself has no name there
  std::error_code error;
  return fs::canonical(is_library ? file->l_name : "/proc/self/exe", error).parent_path();
}

fs::path find(const OwnLibrary& library) {
  if (const char* chosen = std::getenv(library.variable)) return chosen;
  const fs::path own = own_directory();
  std::error_code error;
  for (const fs::path& place : {own / VLRM_LIBRARY_DIRECTORY, own / "../lib", own})
    if (fs::exists(place / library.file, error)) return place / library.file;
  fail("{} is neither in {} nor in {}: it {}; {} can name it", library.file,
       (own / VLRM_LIBRARY_DIRECTORY).lexically_normal().string(), own.string(), library.purpose, library.variable);
}

}  // namespace

void* load_own_library(const OwnLibrary& library) {
  const fs::path path = find(library);
  void* handle = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    const std::string why = printable(::dlerror(), 400);
    if (why.find("failed to map segment") != std::string::npos ||
        why.find("Cannot allocate memory") != std::string::npos)
      fail_for_now("{}: cannot be loaded, memory is not enough: {}", path.string(), why);
    fail("{}: cannot be loaded: {}", path.string(), why);
  }
  void* symbol = ::dlsym(handle, library.symbol);
  if (symbol == nullptr) fail("{}: not this program's library: it has no {}", path.string(), library.symbol);
  return symbol;
}

}  // namespace vlrm
