// Shared libraries of our own: what links something heavy lives in one, opened when it is first needed, so that
// commands which do without start at once.
#pragma once

namespace vlrm {

struct OwnLibrary {
  const char* file;      // "libvlrm_model.so"
  const char* symbol;    // the one function that it exports
  const char* variable;  // an environment variable that may name the file instead
  const char* purpose;   // for the error where it is missing: "runs models, and is built where libtorch is (…)"
};

// Opens the library and gives the address of its symbol. It is looked for where the build or the installation put it,
// relative to the program or library that holds this code, and is never closed: libtorch does not survive that. Throws
// Error where it is not found or cannot be loaded.
void* load_own_library(const OwnLibrary& library);

}  // namespace vlrm
