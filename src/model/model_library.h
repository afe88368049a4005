// libvlrm_model, which links libtorch.
#pragma once

namespace vlrm {

// The function `symbol` of the library, which the first call opens. Throws Error where the library, or a torch that it
// was built for, is not found or cannot be loaded.
void* model_function(const char* symbol);

}  // namespace vlrm
