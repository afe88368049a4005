// Shared libraries of our own: what links something heavy lives in one, opened when it is first needed, so that
// commands which do without start at once. Each links a Python package's libraries, which may be in several versions:
// there is one of ours for each, in a folder named by it ("torch-2.13/libvlrm_model.so").
#pragma once

#include <string>
#include <vector>

namespace vlrm {

struct OwnLibrary {
  const char* file;      // "libvlrm_model.so"
  const char* variable;  // an environment variable that may name the file instead
  const char* purpose;   // for the error where it is missing: "runs models, and is built where libtorch is (…)"

  const char* package;           // "torch"
  const char* package_variable;  // an environment variable that may name the package
  const char* built_with;        // the package that the program was built with; may be "" or gone
  int version_parts;             // of the package's version that decide: 2 for "2.13"
  // The package's libraries, as patterns in its folder, in the order in which they are opened. Without those of
  // `optional`, ours works too, with fewer devices.
  std::vector<std::string> needed, optional;
};

// Opens the library, after the package's (see find_python_package), and gives the address of the function `symbol` in
// it. Ours are looked for relative to the program or library that holds this code, and are never closed: libtorch does
// not survive that. Throws Error where one is not found or cannot be loaded.
void* load_own_library(const OwnLibrary& library, const char* symbol);

}  // namespace vlrm
