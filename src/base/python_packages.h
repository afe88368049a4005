// Installed Python packages of which we use something: shared libraries of torch and pyarrow, hf of huggingface_hub.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

namespace vlrm {

struct PythonPackage {
  std::filesystem::path directory;  // "…/site-packages/torch"
  std::string version;              // "2.13.0+cpu"; "" where none is written down
};

struct PythonPackageRequest {
  std::string name;                  // "torch"
  std::string variable;              // "VLRM_TORCH", which may name the package, an environment or a Python
  std::filesystem::path built_with;  // the package that the program was built with; may be empty, or gone
  std::string wanted;                // for the error: "2.11 or 2.13"
  std::function<bool(const std::string& version)> fits;
  std::chrono::milliseconds patience{10'000};  // a Python that is asked and does not answer meanwhile has none
};

// The first package that fits: of the one that `variable` names, and then no other; the one that
// prefer_python_package() named; that of the active environment (VIRTUAL_ENV, CONDA_PREFIX); `built_with`; that of
// python3 on PATH. Throws Error saying what is in each of these places.
PythonPackage find_python_package(const PythonPackageRequest& request);

// For a process that is a Python: the package that it would import. Thread-safe.
void prefer_python_package(const std::string& name, const std::filesystem::path& directory);
// The one that was named, or nothing.
std::optional<std::filesystem::path> preferred_python_package(const std::string& name);

}  // namespace vlrm
