// For parsers that read files: a directory under $TMPDIR where the fuzzer's input lies under a name.
#pragma once

#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

// The directory of this process, made once.
inline const std::filesystem::path& fuzz_directory() {
  static const std::filesystem::path directory = [] {
    const auto path = std::filesystem::temp_directory_path() / ("vlrm-fuzz-" + std::to_string(::getpid()));
    std::filesystem::create_directories(path);
    return path;
  }();
  return directory;
}

inline std::filesystem::path write_fuzz_file(const std::string& name, const uint8_t* data, size_t size) {
  const auto path = fuzz_directory() / name;
  std::ofstream(path, std::ios::binary).write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
  return path;
}
