#include "base/own_library.h"

#include <dlfcn.h>
#include <link.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <mutex>
#include <utility>

#include "base/error.h"
#include "base/glob.h"
#include "base/joined.h"
#include "base/listening.h"
#include "base/python_packages.h"

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

// Folders of ours: beside a program in bin, beside a library in lib, in a Python package.
std::vector<fs::path> places() {
  const fs::path own = own_directory();
  std::vector<fs::path> folders;
  for (const fs::path& place : {own / VLRM_LIBRARY_DIRECTORY, own / "../lib", own, own / "lib"})
    folders.push_back((place / "vlrm").lexically_normal());
  return folders;
}

std::string first_parts(const std::string& version, int parts) {
  size_t end = 0;
  for (int i = 0; i < parts && end != std::string::npos; ++i) end = version.find('.', end + (i > 0 ? 1 : 0));
  return version.substr(0, end);
}

// By the version of the package, in numerical order.
std::map<std::string, fs::path> built_libraries(const OwnLibrary& library) {
  std::map<std::string, fs::path> found;
  const std::string start = std::string(library.package) + "-";
  std::error_code error;
  for (const fs::path& place : places())
    for (const fs::directory_entry& entry : fs::directory_iterator(place, error)) {
      const std::string folder = entry.path().filename().string();
      if (folder.starts_with(start) && fs::exists(entry.path() / library.file, error))
        found.emplace(folder.substr(start.size()), entry.path() / library.file);
    }
  if (!found.empty()) return found;
  std::vector<std::string> looked;
  for (const fs::path& place : places()) looked.push_back(place.string());
  fail("{}: not found in {}: it {}; {} can name it", library.file, printable(joined(looked), 1000), library.purpose,
       library.variable);
}

std::string versions(const std::map<std::string, fs::path>& libraries) {
  std::vector<std::string> names;
  for (const auto& [version, file] : libraries) names.push_back(version);
  // "2.9" before "2.11"
  std::ranges::sort(names, [](const std::string& a, const std::string& b) {
    return std::pair(a.size(), a) < std::pair(b.size(), b);
  });
  return joined(names);
}

// Why a library could not be loaded; nothing if it was.
std::string load(const fs::path& path, void** handle) {
  *handle = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  return *handle != nullptr ? "" : printable(::dlerror(), 400);
}

[[noreturn]] void fail_to_load(const fs::path& path, const std::string& why) {
  if (why.find("failed to map segment") != std::string::npos || why.find("Cannot allocate memory") != std::string::npos)
    fail_for_now("{}: cannot be loaded, memory is not enough: {}", path.string(), why);
  fail("{}: cannot be loaded: {}", path.string(), why);
}

// The files of a folder whose relative path matches.
std::vector<fs::path> matching(const fs::path& directory, const std::string& pattern) {
  std::vector<fs::path> files;
  const fs::path folder = (directory / pattern).parent_path();
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error))
    if (glob_matches(pattern, entry.path().lexically_relative(directory).string())) files.push_back(entry.path());
  return files;
}

// Once they are loaded, ours finds them by their names alone, wherever they lie.
void load_package(const OwnLibrary& library, const fs::path& directory) {
  void* handle = nullptr;
  for (const std::string& pattern : library.needed) {
    const auto files = matching(directory, pattern);
    if (files.empty()) fail("{}: has no {}", directory.string(), pattern);
    for (const fs::path& file : files)
      if (const std::string why = load(file, &handle); !why.empty()) fail_to_load(file, why);
  }
  for (const std::string& pattern : library.optional)
    for (const fs::path& file : matching(directory, pattern))
      if (const std::string why = load(file, &handle); !why.empty())
        tell_note(fmt::format("{}: cannot be loaded: {}", file.string(), why));
}

PythonPackageRequest request_for(const OwnLibrary& library) {
  return {library.package, library.package_variable, library.built_with, "", nullptr};
}

// Our file, once the package's libraries that it links are loaded.
fs::path prepare(const OwnLibrary& library) {
  PythonPackageRequest request = request_for(library);
  if (const char* chosen = std::getenv(library.variable)) {
    std::error_code error;
    if (!fs::is_regular_file(chosen, error)) return chosen;
    request.fits = [](const std::string&) { return true; };
    request.wanted = "any version";
    load_package(library, find_python_package(request).directory);
    return chosen;
  }
  const auto libraries = built_libraries(library);
  const auto key = [&](const std::string& version) { return first_parts(version, library.version_parts); };
  request.fits = [&](const std::string& version) { return libraries.contains(key(version)); };
  request.wanted = versions(libraries);
  const PythonPackage package = find_python_package(request);
  load_package(library, package.directory);
  return libraries.at(key(package.version));
}

}  // namespace

void* load_own_library(const OwnLibrary& library, const char* symbol) {
  // Opened once for all of its functions, as long as the variable says the same.
  static std::mutex mutex;
  static std::map<std::pair<std::string, std::string>, std::pair<fs::path, void*>> opened;
  const std::lock_guard lock(mutex);
  const char* const chosen = std::getenv(library.variable);
  auto& [path, handle] = opened[{library.file, chosen != nullptr ? chosen : ""}];
  if (handle == nullptr) {
    path = prepare(library);
    if (const std::string why = load(path, &handle); !why.empty()) fail_to_load(path, why);
  }
  void* address = ::dlsym(handle, symbol);
  if (address == nullptr) fail("{}: not this program's library: it has no {}", path.string(), symbol);
  return address;
}

}  // namespace vlrm
